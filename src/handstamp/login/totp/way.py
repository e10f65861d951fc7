"""What makes one-time codes a part of the application: a second factor, which begins no sign-in by itself."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.routing import Route

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import AAL2, Credential, CredentialKind, Principal, Proof
from handstamp.core.text import N_
from handstamp.web.methods import Holdings, Way

if TYPE_CHECKING:
    from handstamp.web.host import Host
    from handstamp.web.pages.contexts import Part

_PACKAGES: Final = ("pyotp", "segno")


class Totp(Way):
    """One-time codes as a second factor, as ``Auth(methods=[…, Totp()])`` takes it.

    Raises:
        ConfigurationError: The extra is not installed.
    """

    id = "totp"
    label = N_("Authenticator app")
    confirms = "code"
    reaches = AAL2
    signs_in = False

    def __init__(self) -> None:
        missing = [package for package in _PACKAGES if find_spec(package) is None]
        if missing:
            raise ConfigurationError(f"{', '.join(missing)} missing: pip install 'handstamp[totp]'")

    def routes(self, host: "Host") -> Sequence[Route]:
        """Setting up, asking, giving up; recovery codes."""
        from handstamp.login.totp.routes import TotpRoutes  # noqa: PLC0415  needs the web side, which loads late

        return TotpRoutes(host).routes()

    def security_part(self, holdings: Holdings) -> "Part":
        """Whether an app is set up, how many recovery codes are left, and what can be changed."""
        from handstamp.login.totp.pages import SecurityPart  # noqa: PLC0415  needs the pages, which load late

        app = _app(holdings.credentials)
        return SecurityPart(
            since=app.confirmed_at if app else None,
            codes_left=sum(one.kind is CredentialKind.RECOVERY_CODE for one in holdings.credentials),
            changeable=holdings.fresh and holdings.principal.session.aal >= AAL2,
        )

    def confirmation_part(self, holdings: Holdings) -> "Part | None":
        """The field for a code, for those who have an app."""
        from handstamp.login.totp.pages import ConfirmationPart  # noqa: PLC0415  needs the pages, which load late

        return ConfirmationPart() if _app(holdings.credentials) else None

    async def confirm(self, request: Request, host: "Host", principal: Principal, value: str) -> Proof:
        """Take a code, or a recovery code, of whoever is signed in. Attempts are counted for their session alone.

        Raises:
            InvalidInput: It is wrong.
            RateLimited: It was wrong too often.
            Busy: The same app is asked many times at once.
            StoreUnavailable: Nobody knows.
        """
        from handstamp.login.totp.second_factor import SecondFactor  # noqa: PLC0415  the same

        second = SecondFactor.of(host, host.services or await host.open())
        place = principal.session.id
        amr = await second.prove(request, principal.user.id, value, place=place, recovery_place=place)
        return Proof(amr=principal.session.amr).and_second(amr)


def _app(credentials: Sequence[Credential]) -> Credential | None:
    apps = [one for one in credentials if one.kind is CredentialKind.TOTP and one.confirmed_at is not None]
    return apps[-1] if apps else None
