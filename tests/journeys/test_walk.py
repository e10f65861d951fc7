"""The demo in Chromium, as a person walks through it."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from demo_process import Demo, running_demo
from parts.browser import QUIET

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SESSION = "__Host-Http-session"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One process for the tests of this module."""
    with running_demo(tmp_path_factory.mktemp("walk") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium: the system's, as `make test` installs it."""
    with sync_playwright() as playwright:
        executable = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of somebody who was never here."""
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


def cookie(context: BrowserContext) -> Mapping[str, object]:
    """The session cookie, as the browser has it; empty where it has none."""
    return next((found for found in context.cookies() if found.get("name") == SESSION), {})


@pytest.mark.parametrize("provider", ["X", "Google"])
def test_a_person_walks_through_the_demo(
    demo: Demo, context: BrowserContext, page: Page, artefacts: Path, provider: str
) -> None:
    """Sign in, see the account, post, sign out; the other tab is signed out too, the old cookie is refused."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and message.location["url"].startswith(demo.url):
            complaints.append(message.text)

    page.on("console", listen)
    page.goto(demo.url)
    page.screenshot(path=artefacts / f"1-home-{provider}.png", full_page=True)
    page.get_by_role("link", name=f"Sign in with {provider}").click()
    expect(page).to_have_url(re.compile(re.escape(demo.standins)))
    page.screenshot(path=artefacts / f"2-consent-{provider}.png", full_page=True)
    page.locator("button[name=person][value=grace]").click()

    expect(page).to_have_url(f"{demo.url}/auth/account")
    expect(page.get_by_text("loggedIn: true")).to_be_visible()
    page.screenshot(path=artefacts / f"3-account-{provider}.png", full_page=True)
    assert page.evaluate("document.cookie") == "signed_in=1"
    old = cookie(context)["value"]

    page.goto(demo.url)
    page.get_by_label("Post something").fill(f"Grace was here, by {provider}")
    page.get_by_role("button", name="Post").click()
    expect(page.get_by_text(f"Grace was here, by {provider}")).to_be_visible()
    page.screenshot(path=artefacts / f"4-posted-{provider}.png", full_page=True)

    other = context.new_page()
    other.goto(f"{demo.url}/auth/sessions")
    expect(other.get_by_text("this one")).to_be_visible()
    other.screenshot(path=artefacts / f"5-sessions-{provider}.png", full_page=True)

    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{demo.url}/auth/signed-out")
    page.screenshot(path=artefacts / f"6-signed-out-{provider}.png", full_page=True)
    assert cookie(context) == {}
    other.goto(f"{demo.url}/auth/account")
    expect(other.get_by_role("link", name=f"Sign in with {provider}")).to_be_visible()

    refused = httpx2.get(f"{demo.url}/api/me", headers={"cookie": f"{SESSION}={old}"})
    assert (refused.status_code, refused.json()["reason"]) == (401, "signed_out")
    assert complaints == []


def test_a_session_that_is_ended_elsewhere_says_so(demo: Demo, browser: Browser, page: Page, artefacts: Path) -> None:
    """Ending the others from one device puts the other one out, and its login page tells why (N7)."""
    page.goto(f"{demo.url}/auth/login/x")
    page.locator("button[name=person][value=ada]").click()
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(f"{demo.url}/auth/login/x")
    elsewhere.locator("button[name=person][value=ada]").click()
    elsewhere.goto(f"{demo.url}/auth/sessions")
    elsewhere.get_by_role("button", name="other").click()
    page.goto(f"{demo.url}/auth/account")
    expect(page.get_by_role("status")).to_be_visible()
    page.screenshot(path=artefacts / "7-ended-elsewhere.png", full_page=True)


def test_the_cookie_is_what_it_should_be(demo: Demo, context: BrowserContext, page: Page) -> None:
    """httpOnly, Secure, SameSite=Lax, for the whole host and until the browser closes (COO-01)."""
    page.goto(f"{demo.url}/auth/login/google")
    page.locator("button[name=person][value=linus]").click()
    expect(page.get_by_text("loggedIn: true")).to_be_visible()
    found = cookie(context)
    assert found["httpOnly"] and found["secure"]  # noqa: PT018  one thing: what the browser keeps it from
    assert (found["sameSite"], found["path"], found["expires"]) == ("Lax", "/", -1)


def test_the_other_name_of_the_host_leads_to_the_right_one(demo: Demo, page: Page) -> None:
    """Localhost for 127.0.0.1: cookies would not be shared, so the browser is sent over."""
    page.goto(f"http://localhost:{demo.port}/auth/login")
    expect(page).to_have_url(f"{demo.url}/auth/login")


def test_refusing_at_the_provider_shows_a_page_with_a_way_back(demo: Demo, page: Page, artefacts: Path) -> None:
    """Somebody who says no can think again."""
    page.goto(f"{demo.url}/auth/login/x")
    page.locator("button[name=decision][value=deny]").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.screenshot(path=artefacts / "8-denied.png", full_page=True)
    page.get_by_role("link", name="sign-in").click()
    expect(page).to_have_url(f"{demo.url}/auth/login")
