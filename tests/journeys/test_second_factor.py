"""A person in Chromium, without JavaScript, sets up an app, signs in with it, and shows once more who they are."""

import re
import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect
from pyotp.totp import TOTP

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.models import Profile
from handstamp.integrations.starlette import install
from handstamp.login.totp import Totp
from handstamp.stores.memory import MemoryStore
from login.totp.house import SESAME, Knock, application
from parts.browser import AXE, QUIET, Doorway
from parts.serving import serving
from web_world import HandClock

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@dataclass
class Visit:
    """Ada at the application, and what her phone shows."""

    url: str
    clock: HandClock
    browser: Browser
    context: BrowserContext
    page: Page
    user_id: str
    artefacts: Path
    secret: str = ""

    async def goto(self, path: str) -> None:
        """Type an address."""
        await self.page.goto(f"{self.url}{path}")

    async def press(self, name: str) -> None:
        """A button."""
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def fill(self, label: str, text: str) -> None:
        """A field."""
        await self.page.get_by_label(label, exact=True).fill(text)

    async def at(self, path: str) -> None:
        """The browser is there."""
        await expect(self.page).to_have_url(f"{self.url}{path}")

    async def sign_out(self) -> None:
        """By the page."""
        await self.goto("/auth/logout")
        await self.press("Sign out")

    async def knock(self) -> None:
        """The first factor, where the browser is asked for it."""
        await self.fill("Who is there?", self.user_id)
        await self.press("Knock")

    def code(self) -> str:
        """What the phone shows, half a minute later, so that it is a new one."""
        self.clock.now += 30
        return TOTP(self.secret.replace(" ", "")).at(self.clock.now)

    async def look(self, name: str) -> None:
        """Keep pictures of the page, light, dark and narrow, and have axe look at each."""
        for scheme, width in (("light", 900), ("dark", 900), ("light", 320)):
            await self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            await self.page.set_viewport_size({"width": width, "height": 800})
            await self.page.screenshot(
                path=self.artefacts / f"second-factor-{name}-{scheme}-{width}.png", full_page=True
            )
            wide = await self.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width
            await self.page.evaluate(AXE.read_text(encoding="utf-8"))
            found = await self.page.evaluate("axe.run()")
            assert found["violations"] == []
        await self.page.set_viewport_size({"width": 900, "height": 800})


@pytest.fixture
async def visit(artefacts: Path) -> AsyncGenerator[Visit, None]:
    """Ada, who has an account and was never asked for a second factor."""
    doorway, clock, store = Doorway(), HandClock(), MemoryStore()
    async with serving(doorway) as url, async_playwright() as playwright:
        auth = Auth(
            store,
            clock=clock,
            secret=SECRET,
            origin=url,
            app_name="Harbour & Co",
            after_sign_in="/auth/account",
            methods=[Knock(), Totp()],
        )
        app = application()
        install(app, auth)
        doorway.app = app
        services = await auth.open()
        profile = Profile(issuer="https://idp.example", subject="1", email="ada+1@example.org", name="Ada")
        user = await services.accounts.sign_in(profile, now=clock())
        executable = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = await playwright.chromium.launch(executable_path=executable, args=QUIET)
        context = await browser.new_context(java_script_enabled=True)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        yield Visit(url, clock, browser, context, page, user.id, artefacts)
        await browser.close()
        await auth.close()


async def set_up(visit: Visit) -> list[str]:
    """From the page about ways in, with a mistyped code on the way, back to it; the recovery codes."""
    page = visit.page
    await page.get_by_role("link", name="Set up an app").click()
    await visit.look("begin")
    await visit.press("Begin")
    await expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
    await visit.look("picture")
    visit.secret = await page.locator("#secret").inner_text()
    link = await page.get_by_role("link", name="Open it").get_attribute("href")
    assert link is not None
    assert link.startswith("otpauth://totp/Harbour%20%26%20Co:ada%2B1%40example.org?secret=")
    await visit.fill("Code that the app shows now", "000 000")
    await visit.press("Confirm")
    await expect(page.get_by_text("This is not the code")).to_be_visible()
    await visit.look("wrong")
    assert await page.locator("#secret").inner_text() == visit.secret
    await visit.fill("Code that the app shows now", visit.code())
    await visit.press("Confirm")
    await expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    codes = (await page.get_by_label("Recovery codes").inner_text()).split()
    assert len(codes) == 10
    await visit.look("codes")
    await page.get_by_role("link", name="I have kept them").click()
    return codes


async def test_a_person_sets_up_an_app_and_signs_in_with_it(visit: Visit) -> None:
    """From the account's page to recovery codes; out, and in by both factors; out, and in by a recovery code."""
    page = visit.page
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and message.location["url"].startswith(f"{visit.url}/auth/"):
            complaints.append(message.text)

    page.on("console", listen)
    await visit.goto("/auth/login?return_to=/auth/account/security")
    await visit.knock()
    await visit.at("/auth/account/security")
    codes = await set_up(visit)
    await expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()
    await visit.look("security")

    await visit.sign_out()
    await visit.goto("/auth/login?return_to=/vault")
    await visit.knock()
    await visit.at("/auth/second-factor")
    await visit.look("asked")
    await visit.fill("Code from your authenticator app", visit.code())
    await visit.press("Sign in")
    await visit.at("/vault")

    await visit.sign_out()
    await visit.goto("/auth/login")
    await visit.knock()
    await page.get_by_role("link", name="Use a recovery code").click()
    await visit.fill("Recovery code", codes[3].lower())
    await visit.look("recovery")
    await visit.press("Sign in")
    await visit.at("/auth/account")
    await visit.goto("/auth/account/security")
    await expect(page.get_by_text("9 recovery codes are left.")).to_be_visible()
    assert [text for text in complaints if "422" not in text] == []


async def test_a_person_shows_once_more_who_they_are(visit: Visit) -> None:
    """Led from a page that asks for it and back, by either way; and to a second factor, once there is one."""
    page = visit.page
    await visit.goto("/auth/login?return_to=/fresh")
    await visit.knock()
    await visit.at("/fresh")
    visit.clock.now += 900
    await visit.goto("/fresh?page=2")
    await visit.at("/auth/reauthenticate?return_to=%2Ffresh%3Fpage%3D2")
    await visit.fill("The word", "please")
    await visit.press("Say it")
    await expect(page.get_by_text("This is not the word.")).to_be_visible()
    await visit.look("confirm-wrong")
    await visit.fill("The word", SESAME)
    await visit.press("Say it")
    await visit.at("/fresh?page=2")
    await visit.goto("/vault")
    await expect(page.get_by_text("you have not set up any")).to_be_visible()
    await visit.look("none")
    await page.get_by_role("link", name="Set one up").click()
    await page.get_by_role("link", name="Set up an app").click()
    await visit.press("Begin")
    visit.secret = await page.locator("#secret").inner_text()
    await visit.fill("Code that the app shows now", visit.code())
    await visit.press("Confirm")
    await visit.goto("/vault")
    await expect(page.get_by_text("gold")).to_be_visible()
    visit.clock.now += 900
    await visit.goto("/fresh")
    await expect(page.get_by_role("button", name="Say it")).to_be_visible()
    await visit.look("confirm")
    await visit.fill("Code from your authenticator app", visit.code())
    await visit.press("Confirm")
    await visit.at("/fresh")


async def test_without_scripts_it_is_the_same(visit: Visit) -> None:
    """Setting up, a second factor, turning it off."""
    context = await visit.browser.new_context(java_script_enabled=False)
    visit.page = await context.new_page()
    visit.page.set_default_timeout(10_000)
    await visit.goto("/auth/login?return_to=/auth/totp/enroll")
    await visit.knock()
    await visit.press("Begin")
    visit.secret = await visit.page.locator("#secret").inner_text()
    await visit.fill("Code that the app shows now", visit.code())
    await visit.press("Confirm")
    await visit.page.get_by_role("link", name="I have kept them").click()
    await visit.press("New recovery codes")
    await expect(visit.page.get_by_text("Those from before are void.")).to_be_visible()
    await visit.goto("/auth/account/security")
    await visit.press("Turn off the authenticator app")
    await expect(visit.page.get_by_role("link", name="Set up an app")).to_be_visible()
    await visit.sign_out()
    await visit.goto("/auth/login")
    await visit.knock()
    await visit.at("/auth/account")
