"""The e-mail address of whoever is signed in: prove it, change it.

A link that we mail is worth something only to the user who asked for it: it counts for whoever has the mailbox AND is
signed in to that account. So nobody gives their address to a stranger's account by pressing a button in a mail.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidInput, InvalidToken, LoginFailed, Unauthenticated
from handstamp.core.keys import Purpose
from handstamp.core.models import Principal
from handstamp.core.notes import Note
from handstamp.core.policy import DAY
from handstamp.core.redirects import SafeRedirect
from handstamp.core.text import N_, lower_ascii
from handstamp.services.links import LINK_UNKNOWN, Links
from handstamp.web.guards import fresh_principal
from handstamp.web.host import Host
from handstamp.web.intake import read_fields
from handstamp.web.languages import language_of
from handstamp.web.login_page import to_login, with_query
from handstamp.web.pages.contexts import ConfirmEmail, Email, Filled, Notice
from handstamp.web.represent import user_data
from handstamp.web.respond import caller_of, data, page, see_other, wants_page

PAGE: Final = "/account/email"
VERIFY: Final = "/email/verify"
_LIFETIME: Final = DAY


class EmailEndpoints:
    """Everything about the own address."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._links = Links(host.sealer(Purpose.LINK), host.place.url)

    def routes(self) -> list[Route]:
        """The page, and what its forms are sent to."""
        return [
            Route(PAGE, self._show),
            Route(VERIFY, self._ask),
            Route(VERIFY, self._verify, methods=["POST"]),
            Route(f"{VERIFY}/send", self._send, methods=["POST"]),
            Route("/email/change", self._change, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        try:
            principal = await caller_of(request).principal()
        except (Unauthenticated, InvalidToken):
            return to_login(self._host.place, self._host.place.path(PAGE))
        sent = request.query_params.get("sent") == "1"
        return page(request, self._host.place, Email(user=principal.user, notice=_SENT if sent else None))

    async def _ask(self, request: Request) -> Response:
        """The page that the link leads to. It changes nothing."""
        token = request.query_params.get("token", "")
        note = self._links.open(VERIFY, token, now=self._host.clock())
        try:
            await self._owner(request, note)
        except (Unauthenticated, InvalidToken):
            return to_login(self._host.place, with_query(self._host.place.path(VERIFY), {"token": token}))
        context = ConfirmEmail(email=note.values["email"], token=token)
        return page(request, self._host.place, context, headers=_ORIGIN_ONLY)

    async def _verify(self, request: Request) -> Response:
        """The address is the user's from now on; whoever claimed it without proof loses it."""
        fields = await read_fields(request)
        token = fields.secret("token")
        fields.check()
        note = self._links.open(VERIFY, token, now=self._host.clock())
        principal = await self._owner(request, note)
        before, email = principal.user, note.values["email"]
        services, now = self._host.services or await self._host.open(), self._host.clock()
        if not await services.challenges.consume("email", note.id, expires_at=note.expires_at, now=now):
            raise LoginFailed(LINK_UNKNOWN, "the link was used before")
        user = await services.accounts.claim_email(before.id, email, now=now)
        if before.email_verified and before.email and lower_ascii(before.email) != lower_ascii(email):
            await services.mail.send("email_changed", before.email, language=language_of(request), now=now)
        if fields.form or wants_page(request):
            return see_other(SafeRedirect.to_path(self._host.place.path(PAGE)))
        return data({"user": user_data(user)})

    async def _send(self, request: Request) -> Response:
        """Mail a link to the address that the user has, and has not proved."""
        fields = await read_fields(request)
        principal = await caller_of(request).principal()
        user = principal.user
        if user.email is not None and not user.email_verified:
            await self._mail(request, principal, user.email, letter="verify_email")
        return self._sent(as_page=fields.form or wants_page(request))

    async def _change(self, request: Request) -> Response:
        """Mail a link to another address. The one that the user has stays until it is opened."""
        fields = await read_fields(request)
        principal = await fresh_principal(caller_of(request))
        try:
            email = fields.email()
            fields.check()
        except InvalidInput as error:
            if not (fields.form or wants_page(request)):
                raise
            typed = Filled(values={"email": fields.typed("email")}, faults=error.faults)
            return page(request, self._host.place, Email(user=principal.user, change=typed), status=422)
        await self._mail(request, principal, email, letter="change_email")
        return self._sent(as_page=fields.form or wants_page(request))

    async def _mail(self, request: Request, principal: Principal, email: str, *, letter: str) -> None:
        """Write to an address. Where it is somebody else's, its owner is told that, and the user is not.

        Raises:
            RateLimited: Too many mails to this address, or from this network: nobody is flooded by it.
            StoreUnavailable: Nothing is sent.
        """
        services, now = self._host.services or await self._host.open(), self._host.clock()
        address = caller_of(request).address
        await services.throttle.admit_mail("email", account=email, address=address, now=now)
        others = [user for user in await services.accounts.find(email) if user.id != principal.user.id]
        values = {"user": principal.user.id, "email": email}
        link, _ = self._links.make(VERIFY, values, lifetime=_LIFETIME, now=now)
        if others:
            letter, link = "account_exists", self._host.place.url("/login")
        await services.mail.send(letter, email, language=language_of(request), now=now, lifetime=_LIFETIME, link=link)

    async def _owner(self, request: Request, note: Note) -> Principal:
        """Whoever asked for the link, signed in.

        Raises:
            Unauthenticated: Nobody is.
            LoginFailed: ``link_of_another``; somebody else is.
        """
        principal = await caller_of(request).principal()
        if principal.user.id != note.values["user"]:
            raise LoginFailed("link_of_another", "the link is for another account")
        return principal

    def _sent(self, *, as_page: bool) -> Response:
        if as_page:
            return see_other(SafeRedirect.to_path(with_query(self._host.place.path(PAGE), {"sent": "1"})))
        return data({"sent": True}, status=202)


_ORIGIN_ONLY: Final = {"Referrer-Policy": "strict-origin"}
"""The address holds a token. With ``no-referrer`` a browser would send the form with ``Origin: null``."""

_SENT: Final = Notice(
    kind="notice", text=N_("We have sent a mail. Open the link in it while you are signed in here.")
)
