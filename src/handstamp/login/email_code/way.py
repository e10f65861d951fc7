"""What makes codes by mail a way in of the application."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.routing import Route

from handstamp.core.models import CredentialKind, Principal, Proof
from handstamp.core.text import N_
from handstamp.web.methods import Asked, Holdings, Way

if TYPE_CHECKING:
    from handstamp.web.host import Host
    from handstamp.web.pages.contexts import Part


class EmailCode(Way):
    """Sign-in by a code of six digits, or a link, that is sent to the address of an account.

    Args:
        sign_up: Whether whoever proves an address that is nobody's gets an account by that. Without it such an
            address gets a mail that says that it has none.
    """

    id = "email-code"
    label = N_("Code by e-mail")
    confirms = "email_code"
    needs_mail = True

    def __init__(self, *, sign_up: bool = False) -> None:
        self.sign_up = sign_up

    def routes(self, host: "Host") -> Sequence[Route]:
        """Asking for a code, typing it, and where the link leads."""
        from handstamp.login.email_code.routes import EmailCodeRoutes  # noqa: PLC0415  needs the web side, loads late

        return EmailCodeRoutes(self, host).routes()

    def login_part(self, asked: Asked) -> "Part":
        """A link to the page that asks for the address."""
        from handstamp.login.email_code.pages import LoginPart  # noqa: PLC0415  needs the pages, which load late

        query = {} if asked.return_to is None else {"return_to": asked.return_to.location}
        return LoginPart(query=urlencode(query | ({"remember": "1"} if asked.remember else {})))

    def confirmation_part(self, holdings: Holdings) -> "Part | None":
        """The field for a code, for those with a verified address who have set up nothing stronger.

        Who has a second factor is not let off with their mailbox.
        """
        from handstamp.login.email_code.pages import ConfirmationPart  # noqa: PLC0415  needs the pages, loads late

        user = holdings.principal.user
        if (
            user.email is None
            or not user.email_verified
            or any(is_stronger(one.kind) for one in holdings.credentials)
        ):
            return None
        return ConfirmationPart(address=user.email)

    async def confirm(self, request: Request, host: "Host", principal: Principal, value: str) -> Proof:
        """Take a code that was sent to whoever is signed in, in this browser.

        Raises:
            InvalidInput: It is wrong, was tried too often, or none was asked for.
            StoreUnavailable: Nobody knows.
        """
        from handstamp.login.email_code.confirming import judge_confirmation  # noqa: PLC0415  needs the web side

        await judge_confirmation(request, host, principal, value)
        return Proof()


def is_stronger(kind: CredentialKind) -> bool:
    """Whether this shows more than that one can read a mailbox. A password does not: a mail resets it."""
    return kind in {CredentialKind.TOTP, CredentialKind.PASSKEY}
