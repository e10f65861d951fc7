"""Linking in Chromium: a second login is added and taken away, and one that waits is linked by its owner."""

import re
import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.integrations.starlette import install
from handstamp.login.oauth import Apple, X
from login.oauth.provider_apple import ADDRESS, CLIENT, KEY_ID, TEAM, ProviderApple
from login.oauth.provider_x import CLIENT_KEY, CLIENT_SECRET, Book, provider_x
from parts.browser import AXE, QUIET, Doorway
from parts.serving import serving
from web_world import NOW, starlette_application

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DARK_AND_NARROW = (("light", 1280), ("dark", 1280), ("light", 320))


@dataclass
class Site:
    """The application at 127.0.0.1 with two providers, both at localhost: another site."""

    url: str
    auth: Auth
    apple: str
    page: Page
    artefacts: Path

    async def shoot(self, name: str) -> None:
        """Pictures of a page, light, dark and narrow; it fits what it is shown on, and axe finds nothing."""
        for scheme, width in DARK_AND_NARROW:
            await self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            await self.page.set_viewport_size({"width": width, "height": 800})
            await self.page.screenshot(path=self.artefacts / f"{name}-{scheme}-{width}.png", full_page=True)
            wide = await self.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} px wide"
            await self.page.evaluate(AXE.read_text(encoding="utf-8"))
            violations = await self.page.evaluate("axe.run().then((found) => found.violations)")
            assert violations == [], f"{name}: {violations}"
        await self.page.set_viewport_size({"width": 1280, "height": 800})

    async def by_x(self) -> None:
        """Sign in with X, whose page asks nothing."""
        await self.page.goto(f"{self.url}/auth/login")
        await self.page.get_by_role("link", name="Sign in with X").click()

    async def by_apple(self) -> None:
        """Press the button that Apple's page has."""
        await expect(self.page).to_have_url(re.compile(re.escape(self.apple)))
        await self.page.get_by_role("button", name="Continue").click()

    async def logins(self, user_id: str) -> set[str]:
        """The issuers of a user's logins."""
        return {one.issuer for one in await self.auth.store.list_identities(user_id)}


@pytest.fixture
async def site(artefacts: Path) -> AsyncGenerator[Site]:
    """All three sites, and a browser that was at none."""
    apple, door = ProviderApple(NOW), Doorway()
    x_door = Doorway()
    async with (
        serving(apple.app) as issuer,
        serving(x_door) as x_origin,
        serving(door) as origin,
        async_playwright() as playwright,
    ):
        apple.issuer = issuer
        url = origin.replace("localhost", "127.0.0.1")
        x_door.app = provider_x(Book(NOW, f"{url}/auth/callback/x"))
        ways = [
            X("1.0a", CLIENT_KEY, CLIENT_SECRET, api=x_origin),
            Apple(CLIENT, TEAM, KEY_ID, apple.private_key, issuer=issuer),
        ]
        auth = Auth("memory://", methods=ways, origin=url, secret=SECRET, clock=lambda: NOW)
        app: Any = starlette_application()
        install(app, auth)
        door.app = app
        await auth.open()
        executable = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = await playwright.chromium.launch(executable_path=executable, args=QUIET)
        page = await (await browser.new_context()).new_page()
        page.set_default_timeout(15_000)
        try:
            yield Site(url, auth, issuer, page, artefacts)
        finally:
            await browser.close()
            await auth.close()


async def test_a_person_links_a_second_login_and_unlinks_it(site: Site) -> None:
    """By buttons and links alone, without a script; the last one cannot be taken away."""
    page = site.page
    await site.by_x()
    await page.goto(f"{site.url}/auth/account/security")
    await site.shoot("security-one-login")
    await page.get_by_role("button", name="Link Apple").click()
    await site.shoot("continue")
    await page.get_by_role("link", name="Continue to Apple").click()
    await site.by_apple()
    await expect(page).to_have_url(f"{site.url}/auth/account/security")
    await site.shoot("security-two-logins")
    (user,) = await site.auth.store.list_users()
    assert await site.logins(user.id) == {"https://x.com", site.apple}

    apple = page.get_by_role("region", name="Apple")
    await apple.get_by_role("button", name="Unlink").click()
    await expect(page).to_have_url(f"{site.url}/auth/account/security")
    await expect(apple.get_by_text("Not linked.")).to_be_visible()
    assert await site.logins(user.id) == {"https://x.com"}
    await page.get_by_role("region", name="X").get_by_role("button", name="Unlink").click()
    await expect(page.get_by_role("heading", name="This is your only way in")).to_be_visible()
    assert await site.logins(user.id) == {"https://x.com"}


async def test_a_login_that_waits_is_linked_by_its_owner(site: Site) -> None:
    """Whoever has the address already signs in as before, and says on a page that it is theirs."""
    page = site.page
    await site.by_x()
    (owner,) = await site.auth.store.list_users()
    await site.auth.store.claim_email(owner.id, ADDRESS, now=NOW)
    await page.context.clear_cookies()
    await page.goto(f"{site.url}/auth/login/apple")
    await site.by_apple()
    await expect(page.get_by_role("heading", name="You already have an account")).to_be_visible()
    await site.shoot("sign-in-to-link")
    assert await site.logins(owner.id) == {"https://x.com"}

    await page.get_by_role("link", name="Sign in to link").click()
    await page.get_by_role("link", name="Sign in with X").click()
    await expect(page).to_have_url(f"{site.url}/auth/link")
    await expect(page.get_by_text(ADDRESS)).to_be_visible()
    await site.shoot("link-waiting")
    assert await site.logins(owner.id) == {"https://x.com"}
    await page.get_by_role("button", name="Link Apple").click()
    await expect(page).to_have_url(f"{site.url}/auth/account/security")
    assert await site.logins(owner.id) == {"https://x.com", site.apple}
    assert len(await site.auth.store.list_users()) == 1


async def test_a_person_confirms_at_the_provider(site: Site) -> None:
    """The session is another then, and the person the same."""
    page = site.page
    await site.by_x()
    await page.goto(f"{site.url}/auth/account")
    before = await page.context.cookies(site.url)
    await page.goto(f"{site.url}/auth/login/x?reauthenticate=1")
    await expect(page).to_have_url(f"{site.url}/auth/account/security")
    assert await page.context.cookies(site.url) != before
    assert len(await site.auth.store.list_users()) == 1
