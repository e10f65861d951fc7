"""The logins of whoever asks at providers: list them, unlink one. Linking is the providers' own."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.models import Identity
from handstamp.core.redirects import SafeRedirect
from handstamp.services.identities import identity_id
from handstamp.web.endpoints.security import PATH as SECURITY
from handstamp.web.guards import fresh_principal
from handstamp.web.host import Host
from handstamp.web.represent import moment
from handstamp.web.respond import caller_of, data, nothing, see_other


class IdentitiesEndpoints:
    """Everything below ``/identities`` that is no provider's."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """``/identities`` and what is below it. Browsers' forms know only POST, so the DELETE has one beside it."""
        return [
            Route("/identities", self._show),
            Route("/identities/{identity_id}", self._delete, methods=["DELETE"]),
            Route("/identities/{identity_id}/unlink", self._form_delete, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        """Never a token, and nothing of other users."""
        principal = await caller_of(request).principal()
        services = self._host.services or await self._host.open()
        theirs = await services.identities.list(principal.user.id)
        return data({"identities": [listed(self._host, one.identity, one.must_sign_in_again) for one in theirs]})

    async def _unlink(self, request: Request) -> None:
        caller = caller_of(request)
        caller.check_origin(carries_cookie=True)
        principal = await fresh_principal(caller)
        services = self._host.services or await self._host.open()
        await services.identities.unlink(
            request.path_params["identity_id"], principal, now=self._host.clock(), address=caller.address
        )

    async def _delete(self, request: Request) -> Response:
        await self._unlink(request)
        return nothing()

    async def _form_delete(self, request: Request) -> Response:
        await self._unlink(request)
        return see_other(SafeRedirect.to_path(self._host.place.path(SECURITY)))


def listed(host: Host, identity: Identity, must_sign_in_again: bool | None) -> dict[str, object]:  # noqa: FBT001  a field, not a switch
    """A login as its owner sees it."""
    way = next((way for way in host.methods if way.speaks_for(identity.issuer)), None)
    return {
        "id": identity_id(identity),
        "provider": way and way.id,
        "issuer": identity.issuer,
        "linked_at": moment(identity.created_at),
        "last_used_at": moment(identity.last_used_at),
        "must_sign_in_again": must_sign_in_again,
    }
