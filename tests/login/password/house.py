"""An application on this machine where people sign in with passwords, its mails, and browsers that keep cookies."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from handstamp.core.ids import new_id
from handstamp.core.models import Credential, CredentialKind, User
from handstamp.core.policy import HashingPolicy
from handstamp.login.password import Password
from handstamp.login.password.hashing import Hasher
from handstamp.services.transport import Shown
from web_world import SESSION, World

HERE = "http://127.0.0.1:8000"
OWN = {"origin": HERE}
FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
PASSWORD = "correct horse battery staple"
OTHER = "a staple of batteries, horse"
EMAIL = "ada@example.com"
CHEAP = HashingPolicy(memory=19, passes=2, lanes=1)


class House(World):
    """One application, its store, its clock and its mails.

    Args:
        settings: Of ``Auth``.
    """

    def __init__(self, **settings: Any) -> None:
        given = {"methods": [Password()], "origin": HERE, "password_memory": 19, "password_passes": 2}
        super().__init__(**{**given, "password_lanes": 1, **settings})

    async def person(self, email: str | None = EMAIL, password: str | None = PASSWORD, **fields: Any) -> User:
        """Somebody with a proved address and a password."""
        people, now = (await self.services()).people, self.clock()
        user = User(id=new_id(now), created_at=now, email=email, email_verified=email is not None, **fields)
        assert await people.add_user(user)
        if password is not None:
            await self.keep(user, Hasher(CHEAP).hash(password))
        return user

    async def keep(self, user: User, kept: str) -> None:
        """Give somebody a password by its hash."""
        credential = Credential(
            id=new_id(self.clock()),
            user_id=user.id,
            kind=CredentialKind.PASSWORD,
            secret=kept,
            created_at=self.clock(),
            confirmed_at=self.clock(),
        )
        assert await (await self.services()).people.add_credential(credential, most=1)

    async def kept(self, user: User) -> str:
        """The hash of somebody's password."""
        credentials = await self.store.list_credentials(user.id)
        (password,) = [one for one in credentials if one.kind is CredentialKind.PASSWORD]
        return password.secret

    async def mails(self) -> tuple[Shown, ...]:
        """The mails so far, newest first."""
        for _ in range(200):
            await asyncio.sleep(0)
        outbox = self.auth._outbox
        assert outbox is not None
        await outbox.send_due()
        shown = self.auth.development_mails
        assert shown is not None
        return tuple(shown)

    async def token(self) -> str:
        """That of the link in the last mail."""
        (link,) = [one for one in (await self.mails())[0].links if "token=" in one]
        return parse_qs(urlsplit(link).query)["token"][0]


class Guest:
    """A browser: it keeps cookies, speaks JSON and sends forms.

    Args:
        house: Where it goes.
        address: Where it is.
    """

    def __init__(self, house: House, address: str = "203.0.113.7") -> None:
        self.house = house
        self.cookies: dict[str, str] = {}
        self._http = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(house.app, raise_app_exceptions=False, client=(address, 50_000)),
            base_url=HERE,
            follow_redirects=False,
        )

    def is_in(self) -> bool:
        """Whether it holds a session."""
        return SESSION in self.cookies

    async def get(self, path: str, accept: str = "text/html") -> httpx2.Response:
        """Ask for a page."""
        return self._kept(await self._http.get(path, headers=self._headers({"accept": accept})))

    async def send(self, path: str, **fields: object) -> httpx2.Response:
        """Send JSON."""
        return self._kept(await self._http.post(f"/auth/password/{path}", json=fields, headers=self._headers(OWN)))

    async def submit(self, path: str, **fields: str) -> httpx2.Response:
        """Send a form."""
        headers = self._headers(OWN | FORM)
        response = await self._http.post(f"/auth/password/{path}", content=urlencode(fields), headers=headers)
        return self._kept(response)

    async def post(self, path: str, **how: Any) -> httpx2.Response:
        """Send anything."""
        return await self._http.post(path, **how)

    async def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> httpx2.Response:
        """With a password, as programs do."""
        return await self.send("login", email=email, password=password)

    def _headers(self, more: Mapping[str, str]) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return dict(more) | ({"cookie": cookies} if cookies else {})

    def _kept(self, response: httpx2.Response) -> httpx2.Response:
        self._http.cookies.clear()
        for line in response.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return response
