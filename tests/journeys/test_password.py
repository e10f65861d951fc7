"""A person in Chromium signs up, follows the mail, signs in, changes the password, forgets it."""

import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect
from starlette.applications import Starlette

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.integrations.starlette import install
from handstamp.login.password import Password
from handstamp.stores.memory import MemoryStore
from parts.browser import AXE, QUIET, Doorway
from parts.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

EMAIL = "ada@example.com"
FIRST, SECOND, THIRD = "correct horse battery staple", "a staple of batteries, horse", "seven geese cross the canal"


@dataclass
class Visit:
    """Ada at the application."""

    url: str
    auth: Auth
    page: Page
    artefacts: Path

    async def goto(self, path: str) -> None:
        """Type an address."""
        await self.page.goto(f"{self.url}{path}")

    async def press(self, name: str) -> None:
        """A button."""
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def follow(self, name: str) -> None:
        """A link."""
        await self.page.get_by_role("link", name=name, exact=True).click()

    async def fill(self, label: str, text: str) -> None:
        """A field."""
        await self.page.get_by_label(label, exact=True).fill(text)

    async def headed(self, text: str) -> None:
        """The page has this heading."""
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    async def sign_in(self, password: str) -> None:
        """By the form."""
        await self.goto("/auth/login")
        await self.fill("E-mail address or username", EMAIL)
        await self.fill("Password", password)
        await self.press("Sign in")

    async def read_mail(self, subject: str) -> None:
        """Follow the link of the last mail, as it is shown to who develops."""
        async with self.page.expect_response("**/auth/dev/mails") as answer:
            await self.goto("/auth/dev/mails")
        mails = await (await answer.value).json()
        assert (mails[0]["to"], mails[0]["subject"]) == (EMAIL, subject)
        (link,) = [link for link in mails[0]["links"] if "token=" in link]
        await self.page.goto(link)

    async def look(self, name: str) -> None:
        """Keep pictures of the page, light, dark and narrow, and have axe look at each."""
        for scheme, width in (("light", 900), ("dark", 900), ("light", 320)):
            await self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            await self.page.set_viewport_size({"width": width, "height": 800})
            await self.page.screenshot(path=self.artefacts / f"password-{name}-{scheme}-{width}.png", full_page=True)
            assert await self.page.evaluate("document.documentElement.scrollWidth") <= width
            await self.page.evaluate(AXE.read_text(encoding="utf-8"))
            assert (await self.page.evaluate("axe.run()"))["violations"] == []
        await self.page.set_viewport_size({"width": 900, "height": 800})


@pytest.fixture
async def visit(artefacts: Path) -> AsyncGenerator[Visit, None]:
    """Ada, who has no account yet."""
    doorway = Doorway()
    async with serving(doorway) as url, async_playwright() as playwright:
        auth = Auth(
            MemoryStore(),
            secret=SECRET,
            origin=url,
            app_name="Harbour & Co",
            after_sign_in="/auth/account",
            methods=[Password()],
            password_memory=19,
            password_passes=2,
        )
        app = Starlette()
        install(app, auth)
        doorway.app = app
        await auth.open()
        executable = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = await playwright.chromium.launch(executable_path=executable, args=QUIET)
        page = await (await browser.new_context()).new_page()
        page.set_default_timeout(10_000)
        yield Visit(url, auth, page, artefacts)
        await browser.close()
        await auth.close()


async def test_a_person_signs_up_signs_in_changes_and_forgets_the_password(visit: Visit) -> None:
    """The whole way, each page looked at; what is refused comes back with its message."""
    await signs_up(visit)
    await signs_out(visit)
    await visit.sign_in("a wrong one, this is")
    await expect(visit.page.get_by_text("Nobody has this name and this password.")).to_be_visible()
    await visit.look("login-refused")
    await visit.sign_in(FIRST)
    await expect(visit.page).to_have_url(f"{visit.url}/auth/account")
    await changes_it(visit)
    await signs_out(visit)
    await forgets_it(visit)
    await visit.sign_in(SECOND)
    await expect(visit.page.get_by_text("Nobody has this name and this password.")).to_be_visible()
    await visit.sign_in(THIRD)
    await expect(visit.page).to_have_url(f"{visit.url}/auth/account")


async def signs_out(visit: Visit) -> None:
    """By the page."""
    await visit.goto("/auth/logout")
    await visit.press("Sign out")


async def signs_up(visit: Visit) -> None:
    """With a password that is too short first; signed in by the link of the mail."""
    await visit.goto("/auth/login")
    await visit.look("login")
    await visit.follow("Create an account")
    await visit.fill("E-mail address", EMAIL)
    await visit.fill("Password", "too short")
    await visit.press("Create account")
    await expect(visit.page.get_by_text("Use at least 15 characters.")).to_be_visible()
    await expect(visit.page.get_by_label("E-mail address", exact=True)).to_have_value(EMAIL)
    await visit.look("register-refused")
    await visit.fill("Password", FIRST)
    await visit.press("Create account")
    await visit.headed("Look into your mails")
    await visit.look("mail-sent")
    await visit.read_mail("Confirm your e-mail address")
    await visit.look("confirm")
    await visit.press("Confirm and sign in")
    await expect(visit.page).to_have_url(f"{visit.url}/auth/account")


async def changes_it(visit: Visit) -> None:
    """Where a password manager leads."""
    await visit.goto("/.well-known/change-password")
    await visit.look("change")
    await visit.fill("Password that you have", FIRST)
    await visit.fill("New password", SECOND)
    await visit.press("Change password")
    await visit.headed("How you sign in")
    await visit.look("security")


async def forgets_it(visit: Visit) -> None:
    """And chooses another by mail; at the page of sign-in then."""
    await visit.goto("/auth/login")
    await visit.follow("Forgot your password?")
    await visit.look("forgot")
    await visit.fill("E-mail address", EMAIL)
    await visit.press("Send the link")
    await visit.headed("Look into your mails")
    await visit.read_mail("Choose a new password")
    await visit.look("reset")
    await visit.fill("New password", THIRD)
    await visit.press("Change password")
    await visit.headed("Password changed")
    await visit.look("changed")
    await visit.follow("Sign in")
