"""Every page, as people meet it: in light and dark, on a narrow screen, by keyboard, by screen reader, in German.

Whoever adds a page adds a line to ``PAGES``. Pictures are left in ``build/artefacts/pages``.
"""

import re
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from handstamp.core.models import Credential, CredentialKind, EndReason
from handstamp.login.email_code import EmailCode
from handstamp.login.oauth import Google, X
from handstamp.login.password import Password
from handstamp.login.totp import Totp
from page_walk import NARROW, Site, Visit, english_in, faults_of, keyboard_faults_of, overflow_of, serving_site
from parts.browser import QUIET

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ENGLISH = re.compile(r"\b(?:the|your|with|and|this|is)\b")


def ended(site: Site, context: BrowserContext, page: Page) -> None:
    """A session that was ended from elsewhere."""
    issued = site.sign_in(context)
    session = issued.session
    site.run(site.services.sessions.end(session.id, reason=EndReason.ENDED_ELSEWHERE, now=site.auth.clock()))


def several_sessions(site: Site, context: BrowserContext, page: Page) -> None:
    """Somebody who is signed in on other devices too."""
    site.sign_in(context)
    site.sign_in(context, user_agent=None, address=None)
    site.sign_in(context, user_agent="Mozilla/5.0 (iPhone) CriOS/140.0", address="192.0.2.7")


def much_has_happened(site: Site, context: BrowserContext, page: Page) -> None:
    """Events of several kinds, one of which has no words, and more than fit on a page."""
    issued = site.sign_in(context)
    about = {"user_id": issued.session.user_id, "session_id": issued.session.id, "address": "192.0.2.7"}
    for event, method in [*[("signed_in", "google")] * 24, ("sign_in_failed", "x"), ("something_new", None)]:
        site.run(site.services.audit.record(event, now=site.auth.clock(), method=method, reason=None, **about))


NAMES = count(1)
"""Each asks for a code once: mails to one address have a limit."""


def asked_for_a_code(site: Site, context: BrowserContext, page: Page) -> str:
    """Somebody has a code in their mail; their address."""
    name = f"reader-{next(NAMES)}"
    user = site.somebody(name=name, email=f"{name}@example.com")
    page.goto(f"{site.url}/auth/login/email-code")
    page.locator("input[name=email]").fill(user.email or "")
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/auth/email-code")
    return user.email or ""


def wrong_code(site: Site, context: BrowserContext, page: Page) -> None:
    """Somebody mistyped it."""
    asked_for_a_code(site, context, page)
    page.locator("input[name=code]").fill("12345")
    page.locator("main button[type=submit]").first.click()


def wrong_address(site: Site, context: BrowserContext, page: Page) -> None:
    """Somebody forgot half of their address, where the browser does not notice."""
    page.goto(f"{site.url}/auth/login/email-code")
    page.locator("input[name=email]").fill("ada@localhost")
    page.locator("main button[type=submit]").first.click()


def link_of_the_mail(site: Site, context: BrowserContext, page: Page) -> None:
    """Somebody opens the link where they asked for it."""
    page.goto(site.new_mail(to=asked_for_a_code(site, context, page)))


def sent(site: Site, page: Page, path: str, **fields: str) -> None:
    """Fill in the first form of a page that has these fields, and send it."""
    page.goto(f"{site.url}/auth{path}")
    for name, value in fields.items():
        page.locator(f"main input[name={name}]").first.fill(value)
    page.locator(f"main form:has(input[name={next(iter(fields))}]) button[type=submit]").first.click()


def wrong_password(site: Site, context: BrowserContext, page: Page) -> None:
    """Somebody mistyped their password."""
    sent(site, page, "/login", email=f"nobody-{next(NAMES)}@example.com", password="swordfish and chips")


def registered(site: Site, context: BrowserContext, page: Page) -> str:
    """Somebody has signed up, and has a mail; its address."""
    address = f"new-{next(NAMES)}@example.com"
    sent(site, page, "/register", email=address, password="fjord gyroscope seven")
    page.wait_for_load_state()
    return address


def common_password(site: Site, context: BrowserContext, page: Page) -> None:
    """Somebody chose what everybody chooses."""
    sent(site, page, "/register", email="ada@example.com", password="password")


def address_to_be_proved(site: Site, context: BrowserContext, page: Page) -> None:
    """The link of the mail, in the browser that signed up."""
    page.goto(site.new_mail(to=registered(site, context, page)))


def password_to_be_reset(site: Site, context: BrowserContext, page: Page) -> None:
    """The link of the mail that somebody asked for who forgot their password."""
    name = f"forgetful-{next(NAMES)}"
    user = site.somebody(name=name, email=f"{name}@example.com")
    sent(site, page, "/password/forgot", email=user.email or "")
    page.wait_for_load_state()
    page.goto(site.new_mail(to=user.email or ""))


def app_to_be_set_up(site: Site, context: BrowserContext, page: Page) -> None:
    """Somebody sees the secret for their app."""
    page.goto(f"{site.url}/auth/totp/enroll")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_load_state()


def one_factor_shown(site: Site, context: BrowserContext, page: Page) -> None:
    """Somebody with an app has shown that they have their mailbox."""
    address = asked_for_a_code(site, context, page)
    (user,) = site.run(site.services.accounts.find(address))
    app = Credential(
        id=address, user_id=user.id, kind=CredentialKind.TOTP, secret="sealed", created_at=0.0, confirmed_at=0.0
    )
    assert site.run(site.services.people.add_credential(app, most=1))
    page.goto(site.new_mail(to=address))
    page.get_by_role("main").get_by_role("button").click()
    page.wait_for_url("**/second-factor")


def wrong_new_address(site: Site, context: BrowserContext, page: Page) -> None:
    """Somebody mistyped the address that is to be theirs."""
    sent(site, page, "/account/email", email="ada@localhost")


def new_address_to_be_proved(site: Site, context: BrowserContext, page: Page) -> None:
    """The link of the mail to another address, in a browser that is signed in."""
    address = f"other-{next(NAMES)}@example.com"
    sent(site, page, "/account/email", email=address)
    page.wait_for_url("**/account/email?sent=1")
    page.goto(site.new_mail(to=address))


PAGES = [
    Visit("login", "/login"),
    Visit("login-remember", "/login?remember=1&return_to=/reports"),
    Visit("login-after-the-end", "/login", prepare=ended),
    Visit("login-refused", None, prepare=wrong_password),
    Visit("register", "/register"),
    Visit("register-refused", None, prepare=common_password),
    Visit("register-mail-sent", None, prepare=registered),
    Visit("register-confirm", None, prepare=address_to_be_proved),
    Visit("password-forgot", "/password/forgot"),
    Visit("password-reset", None, prepare=password_to_be_reset),
    Visit("password-reset-dead-link", "/password/reset?token=x"),
    Visit("password-change", "/password/change", signed_in=True),
    Visit("totp-begin", "/totp/enroll", signed_in=True),
    Visit("totp-enrol", None, signed_in=True, prepare=app_to_be_set_up),
    Visit("second-factor", None, prepare=one_factor_shown),
    Visit("email-code-address", "/login/email-code"),
    Visit("email-code-wrong-address", None, prepare=wrong_address),
    Visit("email-code", "/email-code", prepare=wrong_code),
    Visit("email-code-wrong", None, prepare=wrong_code),
    Visit("email-code-link", None, prepare=link_of_the_mail),
    Visit("email-code-link-elsewhere", "/email-code/link?token=x"),
    Visit("reauthenticate", "/reauthenticate?return_to=/reports", signed_in=True),
    Visit("account", "/account", signed_in=True),
    Visit("security", "/account/security", signed_in=True),
    Visit("address", "/account/email", signed_in=True),
    Visit("address-mail-sent", "/account/email?sent=1", signed_in=True),
    Visit("address-wrong", None, signed_in=True, prepare=wrong_new_address),
    Visit("address-to-be-proved", None, signed_in=True, prepare=new_address_to_be_proved),
    Visit("sessions", "/sessions", prepare=several_sessions),
    Visit("activity", "/account/activity", prepare=much_has_happened),
    Visit("sign-out", "/logout", signed_in=True),
    Visit("signed-out", "/signed-out"),
    Visit("not-found", "/nothing-here"),
    Visit("ended", "/sessions", prepare=ended),
]
"""By name: each once."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """An application with every way in."""
    ways = [
        Password(),
        EmailCode(),
        X(client_id="x", public_client=True),
        Google(client_id="google", client_secret="secret"),
        Totp(),
    ]
    with serving_site(ways) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium: the system's, as `make test` installs it."""
    with sync_playwright() as playwright:
        executable = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pictures(artefacts: Path) -> Path:
    """Where the pictures go."""
    folder = artefacts / "pages"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize("visit", PAGES, ids=str)
def test_a_page_is_for_everybody(visit: Visit, site: Site, browser: Browser, pictures: Path) -> None:
    """In light and dark axe finds nothing; no page is wider than a phone; Tab leads through it in order, visibly."""
    complaints: list[str] = []
    with visit.made(site, browser, complaints=complaints, color_scheme="light") as page:
        page.screenshot(path=pictures / f"{visit}-light.png", full_page=True)
        assert faults_of(page) == []
        assert keyboard_faults_of(page) == []
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=pictures / f"{visit}-dark.png", full_page=True)
        assert faults_of(page) == []
        page.set_viewport_size({"width": NARROW, "height": 640})
        page.screenshot(path=pictures / f"{visit}-narrow.png", full_page=True)
        assert overflow_of(page) == []
        assert faults_of(page) == []
        assert page.locator("html").get_attribute("lang") == "en"
    assert complaints == []


@pytest.mark.parametrize("visit", PAGES, ids=str)
def test_a_page_speaks_german(visit: Visit, site: Site, browser: Browser, pictures: Path) -> None:
    """All of it, and says so to those who hear it; long words fit as well."""
    with visit.made(site, browser, locale="de-AT", viewport={"width": NARROW, "height": 640}) as page:
        page.screenshot(path=pictures / f"{visit}-german.png", full_page=True)
        assert page.locator("html").get_attribute("lang") == "de"
        assert english_in(page, "de") == []
        assert ENGLISH.findall(page.locator("main").inner_text()) == []
        assert overflow_of(page) == []
        assert faults_of(page) == []


def test_a_person_signs_in_by_a_link(site: Site, browser: Browser) -> None:
    """From the login page over the mail to the account, with the keyboard alone where there is something to press."""
    site.somebody()
    with Visit("login", "/login?return_to=/auth/account").made(site, browser) as page:
        page.get_by_role("link", name="E-mail me a code").press("Enter")
        page.get_by_label("E-mail address").fill("ada@example.com")
        page.keyboard.press("Enter")
        page.wait_for_url("**/auth/email-code")
        link = site.new_mail(to="ada@example.com")
        with Visit("elsewhere", None).made(site, browser) as elsewhere:
            elsewhere.goto(link)
            expect(elsewhere.get_by_role("heading", level=1)).to_have_text("Go back to the browser that asked")
            assert elsewhere.get_by_role("button").count() == 0
        page.goto(link)
        page.get_by_role("button", name="Sign in").press("Enter")
        expect(page).to_have_url(f"{site.url}/auth/account")
        expect(page.get_by_text("loggedIn: true")).to_be_visible()
        page.goto(link)
        expect(page.get_by_role("heading", level=1)).to_have_text("Go back to the browser that asked")
