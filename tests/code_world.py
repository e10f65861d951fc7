"""An application where people sign in by a code, their mailboxes, and their browsers."""

import re
from typing import Any, Final

import httpx2
from starlette.types import ASGIApp

from handstamp.core.ids import new_id
from handstamp.core.models import User
from handstamp.login.email_code import EmailCode
from handstamp.services.transport import DevelopmentTransport, Shown
from web_world import FORM, NOW, ORIGIN, OWN, PAGE, World

ADA: Final = "ada@example.com"
STRANGER: Final = "nobody@example.net"
START: Final = "/auth/email-code/start"
FINISH: Final = "/auth/email-code/finish"
AS_FORM: Final = OWN | FORM | PAGE
_CODE: Final = re.compile(r"^(\d{6})$", re.MULTILINE)


class CodeWorld(World):
    """With the way in, and a list in place of a mail server."""

    def __init__(self, *, sign_up: bool = False, **settings: Any) -> None:
        self.way = EmailCode(sign_up=sign_up)
        super().__init__(methods=[self.way], mail_url="smtp://127.0.0.1:9", **settings)
        self.auth._mail_transport = DevelopmentTransport()

    async def person(self, email: str | None = ADA, *, verified: bool = True, **about: Any) -> User:
        """Somebody who has this address."""
        people = (await self.services()).people
        user = User(id=new_id(self.clock()), created_at=self.clock(), email=email, email_verified=verified, **about)
        assert await people.add_user(user)
        return user

    def browser(self, app: ASGIApp | None = None, *, address: str = "203.0.113.7") -> httpx2.AsyncClient:
        """A browser, which keeps cookies and follows nothing."""
        transport = httpx2.ASGITransport(app or self.app, raise_app_exceptions=False, client=(address, 50_000))
        return httpx2.AsyncClient(transport=transport, base_url=ORIGIN, follow_redirects=False, headers=OWN)

    async def mails(self) -> tuple[Shown, ...]:
        """What was sent, the newest first."""
        await self.services()
        outbox = self.auth._outbox
        assert outbox is not None
        while await outbox.send_due():
            pass
        return self.auth.development_mails or ()

    async def code(self) -> str:
        """The code of the last mail."""
        found = _CODE.search((await self.mails())[0].text)
        assert found is not None
        return found[1]

    async def token(self) -> str:
        """What the link of the last mail carries."""
        (link,) = {link for link in (await self.mails())[0].links if "token=" in link}
        assert link.startswith(f"{ORIGIN}/auth/email-code/link?token=")
        return link.partition("token=")[2]


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def session_of(browser: httpx2.AsyncClient) -> str | None:
    """The session token that a browser has."""
    return browser.cookies.get("__Host-Http-session")


__all__ = ["ADA", "AS_FORM", "FINISH", "NOW", "START", "STRANGER", "CodeWorld", "session_of", "wrong"]
