"""A provider that answers by a form, across two sites, in Chromium: its POST comes without our cookies."""

import re
import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.models import User
from handstamp.integrations.starlette import install
from handstamp.login.oauth import Apple
from login.oauth.provider_apple import ADDRESS, CLIENT, KEY_ID, TEAM, ProviderApple
from parts.browser import QUIET
from parts.serving import serving
from web_world import NOW, SESSION, starlette_application

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CALLBACK = "/auth/callback/apple"


@dataclass
class Site:
    """The application at 127.0.0.1, and what came to its callback; Apple is at localhost: another site."""

    url: str
    auth: Auth
    apple: ProviderApple
    page: Page
    context: BrowserContext
    came: list[tuple[str, dict[str, str]]] = field(default_factory=list[tuple[str, dict[str, str]]])
    """Method and headers, in order."""

    async def sign_in(self) -> None:
        """Out and back, with a press of the button that Apple's page has."""
        await self.page.goto(f"{self.url}/auth/login/apple?return_to=/auth/account")
        await expect(self.page).to_have_url(re.compile(re.escape(self.apple.issuer)))
        await self.page.get_by_role("button", name="Continue").click()

    async def users(self) -> tuple[User, ...]:
        """Everybody who has an account."""
        return await self.auth.store.list_users()

    async def session(self) -> str | None:
        """The session cookie of the browser."""
        cookies = await self.context.cookies(self.url)
        return next((found.get("value") for found in cookies if found.get("name") == SESSION), None)


class Doorway:
    """An application that is put in place once its address is known; it notes who comes to the callback."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.came: list[tuple[str, dict[str, str]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note, and pass on."""
        assert self.app is not None
        if scope["type"] == "http" and scope["path"] == CALLBACK:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            self.came.append((scope["method"], headers))
        await self.app(scope, receive, send)


@pytest.fixture
async def site() -> AsyncGenerator[Site]:
    """Both sites, and a browser that was at neither."""
    apple, door = ProviderApple(NOW), Doorway()
    async with serving(apple.app) as issuer, serving(door) as origin, async_playwright() as playwright:
        apple.issuer = issuer
        url = origin.replace("localhost", "127.0.0.1")
        way = Apple(CLIENT, TEAM, KEY_ID, apple.private_key, issuer=issuer)
        auth = Auth("memory://", methods=[way], origin=url, secret=SECRET, clock=lambda: NOW)
        app: Any = starlette_application()
        install(app, auth)
        door.app = app
        await auth.open()
        executable = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = await playwright.chromium.launch(executable_path=executable, args=QUIET)
        context = await browser.new_context()
        page = await context.new_page()
        page.set_default_timeout(15_000)
        try:
            yield Site(url, auth, apple, page, context, door.came)
        finally:
            await browser.close()
            await auth.close()


async def test_a_person_signs_in_across_sites(site: Site) -> None:
    """The form comes without our cookies, changes nothing, and is sent on; what follows has the flow's cookie."""
    await site.sign_in()
    await expect(site.page).to_have_url(f"{site.url}/auth/account")
    assert [method for method, _ in site.came] == ["POST", "GET"]
    (_, posted), (_, got) = site.came
    assert "cookie" not in posted
    assert (posted["sec-fetch-site"], posted["origin"]) == ("cross-site", site.apple.issuer)
    assert got["cookie"].startswith("__Host-Http-flow-")
    assert await site.session() is not None
    assert sorted(str(cookie.get("name")) for cookie in await site.context.cookies(site.url)) == [
        SESSION,
        "signed_in",
    ]
    (user,) = await site.users()
    assert (user.name, user.email, user.email_verified) == ("Ada Lovelace", ADDRESS, True)
    assert list(site.apple.redeemed.values()) == [1]


async def test_the_name_that_comes_once_is_kept(site: Site) -> None:
    """The second time there is none, and the person is the same; the session is another, the old one is over."""
    await site.sign_in()
    await expect(site.page).to_have_url(f"{site.url}/auth/account")
    first = await site.session()
    await site.sign_in()
    await expect(site.page).to_have_url(f"{site.url}/auth/account")
    (user,) = await site.users()
    assert user.name == "Ada Lovelace"
    assert await site.session() not in {None, first}
    # The form of the second time came without the session of the first, too.
    assert [("cookie" in headers) for _, headers in site.came] == [False, True, False, True]


async def test_oauth_state_not_bound_to_the_browser(site: Site) -> None:
    """Another site posts a good answer to a sign-in that this browser did not begin: nobody is signed in (OAU-01)."""
    assert site.context.browser is not None
    attacker = await (await site.context.browser.new_context()).new_page()
    await attacker.goto(f"{site.url}/auth/login/apple")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(attacker.url).query).items()}
    stolen = {"to": f"{site.url}{CALLBACK}", "state": asked["state"], "code": site.apple.code_for(asked)}
    await site.page.goto(f"{site.apple.issuer}/elsewhere?{urlencode(stolen)}")
    await site.page.get_by_role("button", name="Continue").click()
    await expect(site.page.get_by_role("link", name="Go to sign-in")).to_be_visible()
    assert await site.session() is None
    assert await site.users() == ()
    assert not site.apple.redeemed


async def test_a_form_from_elsewhere_puts_nobody_out(site: Site) -> None:
    """Whoever is signed in stays so, whatever another site posts to the callback."""
    await site.sign_in()
    await expect(site.page).to_have_url(f"{site.url}/auth/account")
    before = await site.session()
    forged = {"to": f"{site.url}{CALLBACK}", "state": "forged", "code": "c"}
    await site.page.goto(f"{site.apple.issuer}/elsewhere?{urlencode(forged)}")
    await site.page.get_by_role("button", name="Continue").click()
    await expect(site.page.get_by_role("link", name="Go to sign-in")).to_be_visible()
    assert await site.session() == before
    await site.page.goto(f"{site.url}/auth/account")
    await expect(site.page).to_have_url(f"{site.url}/auth/account")
