"""An application over real stores, and each operation that has a price there, ready to be done once."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from itertools import count
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.models import EndReason, Profile, User
from handstamp.core.policy import DAY, MINUTE
from handstamp.core.protocols import SessionBackend, Store
from handstamp.integrations.starlette import install
from handstamp.services.sessions import Issued
from outage_world import Believed
from web_world import NOW, ORIGIN, OWN, HandClock, cookie, sent_token, set_cookies, starlette_application

PATIENCE: Final = 15.0

Act = Callable[[], Awaitable[object]]


class Returning(Believed):
    """A provider to which the same person comes each time."""

    id = "returning"

    def finish(self, *args: Any, **kwargs: Any) -> Any:
        """Who came back."""
        yield from super().finish(*args, **kwargs)
        return PERSON


PERSON: Final = Profile(issuer=Believed.issuer, subject="the same", name="Ada")


class Shop:
    """One process.

    Args:
        store: Of users, open.
        sessions: Of sessions, open.
    """

    def __init__(self, store: Store, sessions: SessionBackend) -> None:
        self.store, self.sessions = store, sessions
        self.clock = HandClock()
        self.auth = Auth(
            store,
            sessions=sessions,
            methods=[Believed(), Returning()],
            clock=self.clock,
            secret=SECRET,
            origin=ORIGIN,
        )
        self.app = starlette_application()
        install(self.app, self.auth)
        self.http = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=ORIGIN,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        self._numbers = count(1)

    async def begin(self) -> None:
        """Open everything, and let nothing go on by itself but the feeds."""
        services = await self.auth.open()
        for upkeep in self.auth._upkeeps:
            await upkeep.close()
        await services.accounts.sign_in(PERSON, now=NOW)

    async def close(self) -> None:
        """Let go of everything."""
        await self.http.aclose()
        await self.auth.close()

    async def user(self) -> User:
        """Somebody new."""
        profile = Profile(issuer="https://idp.example", subject=f"{next(self._numbers)}")
        return await self.auth.users.sign_in(profile, now=self.clock())

    async def signed_in(self, times: int = 1) -> list[Issued]:
        """As many sessions of somebody new."""
        user = await self.user()
        return [await self.auth.sessions.start(user, amr=("pwd",), now=self.clock()) for _ in range(times)]

    async def remembered(self, issued: Issued) -> None:
        """Ask until memory answers."""
        services, token = await self.auth.open(), issued.token.encode()
        async with asyncio.timeout(PATIENCE):
            while services.check.find(token, self.clock()) is None:
                await self.request("GET", "/me", issued)
                await asyncio.sleep(0.005)
                self.clock.now += 0.06  # more than the lag of SQLite's feed

    async def request(self, method: str, path: str, who: Issued | None, status: int = 200) -> httpx2.Response:
        """A request, and the status that it is to be answered with."""
        headers = {**OWN, **({} if who is None else cookie(who))}
        response = await self.http.request(method, path, headers=headers)
        assert response.status_code == status, response.text
        return response

    async def sets_out(self, provider: str) -> tuple[str, dict[str, str]]:
        """Where the browser comes back to, and with which cookie."""
        out = await self.http.get(f"/auth/login/{provider}")
        state = parse_qs(urlsplit(out.headers["location"]).query)["state"][0]
        flow = {"cookie": set_cookies(out)[0].partition(";")[0]}
        return f"/auth/callback/{provider}?{urlencode({'state': state})}", flow


@asynccontextmanager
async def shop(*stores: Any) -> AsyncGenerator[Shop]:
    """A process over one store, or one for users and one for sessions, until the block ends."""
    for store in stores:
        await store.migrate()
        await store.open()
    built = Shop(stores[0], stores[-1])
    await built.begin()
    try:
        yield built
    finally:
        await built.close()


# Each gets things ready for n sessions, and gives what is to be done once.


async def known(shop: Shop, n: int) -> Act:
    """A request for a session that this process knows."""
    (issued,) = await shop.signed_in()
    await shop.remembered(issued)
    return lambda: shop.request("GET", "/me", issued)


async def first_sight(shop: Shop, n: int) -> Act:
    """A request for one that it does not know."""
    (issued,) = await shop.signed_in()
    return lambda: shop.request("GET", "/me", issued)


async def strict(shop: Shop, n: int) -> Act:
    """Memory is not asked."""
    (issued,) = await shop.signed_in()
    await shop.remembered(issued)
    return lambda: shop.request("GET", "/strict", issued)


async def anonymous(shop: Shop, n: int) -> Act:
    """Nobody in particular."""
    return lambda: shop.request("GET", "/feed", None)


async def forged(shop: Shop, n: int) -> Act:
    """A token that is none of ours."""
    (issued,) = await shop.signed_in()
    headers = cookie(f"{issued.token[:-6]}AAAAAA")

    async def ask() -> None:
        assert (await shop.http.get("/me", headers=headers)).status_code == 401

    return ask


async def over(shop: Shop, n: int) -> Act:
    """A session that was ended."""
    (issued,) = await shop.signed_in()
    await shop.auth.sessions.end(issued.session.id, reason=EndReason.ADMIN, now=shop.clock())
    return lambda: shop.request("GET", "/me", issued, status=401)


async def due(shop: Shop, n: int) -> Act:
    """A token that is to be replaced; the response carries its successor."""
    (issued,) = await shop.signed_in()
    shop.clock.now += 20 * MINUTE
    await _used(shop, issued)

    async def ask() -> None:
        assert sent_token(await shop.request("GET", "/me", issued))

    return ask


async def successor(shop: Shop, n: int) -> Act:
    """The first request with the token that came instead."""
    await (await due(shop, n))()
    (issued,) = await shop.signed_in()
    shop.clock.now += 20 * MINUTE
    await _used(shop, issued)
    token = sent_token(await shop.request("GET", "/me", issued))
    assert token

    async def ask() -> None:
        assert (await shop.http.get("/me", headers=cookie(token))).status_code == 200

    return ask


async def _used(shop: Shop, issued: Issued) -> None:
    """Let its time of use be the present one, so that this is no matter any more."""
    await shop.sessions.touch_sessions({issued.session.id: shop.clock()})


async def sets_out(shop: Shop, n: int) -> Act:
    """Off to the provider."""
    return lambda: shop.sets_out("believed")


async def comes_back_new(shop: Shop, n: int) -> Act:
    """Back for the first time."""
    shop.clock.now += 1  # which makes it somebody else
    return await _comes_back(shop, "believed")


async def comes_back_known(shop: Shop, n: int) -> Act:
    """Back again."""
    return await _comes_back(shop, "returning")


async def _comes_back(shop: Shop, provider: str) -> Act:
    path, flow = await shop.sets_out(provider)

    async def come() -> None:
        response = await shop.http.get(path, headers=flow)
        assert response.status_code == 303
        assert sent_token(response)

    return come


async def signs_out(shop: Shop, n: int) -> Act:
    """POST /auth/logout."""
    (issued,) = await shop.signed_in()
    await shop.remembered(issued)
    return lambda: shop.request("POST", "/auth/logout", issued, status=204)


async def ends_one(shop: Shop, n: int) -> Act:
    """Another session of one's own."""
    one, other = await shop.signed_in(2)
    await shop.remembered(one)
    return lambda: shop.request("DELETE", f"/auth/sessions/{other.session.id}", one, status=204)


async def ends_all(shop: Shop, n: int) -> Act:
    """All sessions of a user, of whom there are n."""
    sessions = await shop.signed_in(n)

    async def end() -> None:
        user_id = sessions[0].session.user_id
        assert len(await shop.auth.sessions.end_all(user_id, reason=EndReason.ADMIN, now=shop.clock())) == n

    return end


async def lists(shop: Shop, n: int) -> Act:
    """GET /auth/sessions, of whom there are n."""
    sessions = await shop.signed_in(n)
    await shop.remembered(sessions[0])

    async def ask() -> None:
        response = await shop.request("GET", "/auth/sessions", sessions[0])
        assert len(response.json()["sessions"]) == n

    return ask


async def roles(shop: Shop, n: int) -> Act:
    """Give one role and take another."""
    user = await shop.user()
    given, taken = frozenset({"analyst"}), frozenset({"guest"})
    return lambda: shop.auth.users.change_roles(user.id, add=given, remove=taken, now=shop.clock())


async def disables(shop: Shop, n: int) -> Act:
    """Disable somebody who has n sessions."""
    sessions = await shop.signed_in(n)
    return lambda: shop.auth.users.disable(sessions[0].session.user_id, now=shop.clock())


async def deletes(shop: Shop, n: int) -> Act:
    """Delete somebody who has n sessions."""
    sessions = await shop.signed_in(n)
    return lambda: shop.auth.users.delete(sessions[0].session.user_id, now=shop.clock())


async def uses(shop: Shop, n: int) -> Act:
    """Write down when n sessions were used."""
    sessions = await shop.signed_in(n)
    shop.clock.now += 1
    return lambda: shop.sessions.touch_sessions({one.session.id: shop.clock() for one in sessions})


async def purges(shop: Shop, n: int) -> Act:
    """Remove a batch of n expired sessions."""
    await shop.signed_in(n)
    shop.clock.now += 31 * DAY

    async def purge() -> None:
        assert await shop.sessions.purge_sessions(now=shop.clock(), limit=n) == n

    return purge
