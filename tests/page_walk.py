"""An application with its pages, served to Chromium, and what every page has to stand."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final, TypeVar

import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.models import Profile, User
from handstamp.integrations.starlette import install
from handstamp.services.sessions import Issued
from handstamp.services.transport import Shown
from handstamp.web.host import Services
from handstamp.web.languages import translations
from handstamp.web.methods import LoginMethod
from handstamp.web.signing import signed_in
from parts.ports import free_port

NARROW: Final = 320
"""CSS pixels: a page at 1280 that is zoomed to 400 % is as wide (WCAG 2.2, 1.4.10)."""
T = TypeVar("T")

_FOCUSABLE: Final = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]"


class Site:
    """The application. It runs in a thread, so that a test may drive a browser and the application in turn."""

    def __init__(self, methods: Sequence[LoginMethod], **settings: Any) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.auth = Auth(
            "memory://", methods=methods, secret=SECRET, origin=self.url, app_name="Night Library", **settings
        )
        self.application = Starlette(routes=[Route("/", _home), Route("/enter/{session_id}", self._enter)])
        install(self.application, self.auth)
        self._issued: dict[str, Issued] = {}
        self._read: list[Shown] = []
        self._loop = asyncio.new_event_loop()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of some work, done where the application runs."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    @property
    def services(self) -> Services:
        """The use cases."""
        return self.run(self.auth.open())

    def somebody(self, *, email: str | None = "ada@example.com", name: str = "Ada Lovelace") -> User:
        """A user, the same each time for one name."""
        profile = Profile(
            issuer="https://idp.example", subject=name, name=name, username="ada", email=email, email_verified=True
        )
        return self.run(self.services.accounts.sign_in(profile, now=self.auth.clock()))

    def new_mail(self, *, to: str) -> str:
        """The link of the next mail that comes to an address: none is sent to it from elsewhere meanwhile."""
        deadline = time.monotonic() + 10
        while True:
            mails = [mail for mail in self.auth.development_mails or () if mail.to == to and mail not in self._read]
            if mails:
                self._read += mails
                return next(link for link in mails[0].links if "token=" in link)
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def sign_in(
        self,
        context: BrowserContext,
        user: User | None = None,
        *,
        user_agent: str | None = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        address: str | None = "2001:db8:85a3:8d3:1319:8a2e:370:7348",
    ) -> Issued:
        """Let a browser be signed in."""
        sessions, user, now = self.services.sessions, user or self.somebody(), self.auth.clock()
        issued = self.run(sessions.start(user, amr=(), now=now, user_agent=user_agent, address=address))
        self._issued[issued.session.id] = issued
        page = context.new_page()  # no tool may give a browser a cookie of such a name: only an answer
        page.goto(f"{self.url}/enter/{issued.session.id}")
        page.close()
        return issued

    @contextmanager
    def running(self, server: uvicorn.Server) -> Generator[None]:
        """Serve in a thread of its own, for the time of a block."""
        thread = threading.Thread(target=self._loop.run_until_complete, args=(_serve(server, self.auth),))
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()
            self._loop.close()

    async def _enter(self, request: Request) -> Response:
        return signed_in(self.auth, PlainTextResponse("in"), self._issued[request.path_params["session_id"]])


@contextmanager
def serving_site(methods: Sequence[LoginMethod], **settings: Any) -> Generator[Site]:
    """Serve an application with these ways in, for the time of a block."""
    site = Site(methods, **settings)
    config = uvicorn.Config(
        site.application, port=site.port, lifespan="off", log_level="warning", proxy_headers=False
    )
    server = uvicorn.Server(config)
    with site.running(server):
        yield site


async def _serve(server: uvicorn.Server, auth: Auth) -> None:
    await server.serve()
    await auth.close()


async def _home(_: Request) -> Response:
    return HTMLResponse("<!doctype html><html lang=en><title>Night Library</title><h1>Night Library</h1>")


Prepare = Callable[[Site, BrowserContext, Page], object]


@dataclass(frozen=True, slots=True)
class Visit:
    """A page, and how somebody comes to it.

    Args:
        name: Of its pictures.
        path: Where it is, below the mount; None where ``prepare`` leads there.
        signed_in: Whether somebody is.
        prepare: What happens before, in the browser or in the application.
    """

    name: str
    path: str | None
    signed_in: bool = False
    prepare: Prepare | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def made(
        self, site: Site, browser: Browser, *, complaints: list[str] | None = None, **options: Any
    ) -> Generator[Page]:
        """The page in a browser of its own; what that complains of on the way is noted, but for refused forms."""

        def note(message: ConsoleMessage) -> None:
            refused = "status of 4" in message.text and not message.location["url"].endswith((".css", ".svg", ".js"))
            if complaints is not None and message.type == "error" and not refused:
                complaints.append(message.text)

        context = browser.new_context(**options)
        try:
            page = context.new_page()
            page.on("console", note)
            page.set_default_timeout(15_000)
            if self.signed_in:
                site.sign_in(context)
            if self.prepare is not None:
                self.prepare(site, context, page)
            if self.path is not None:
                page.goto(f"{site.url}/auth{self.path}")
            yield page
        finally:
            context.close()


def faults_of(page: Page) -> list[str]:
    """What axe-core finds, of whatever impact, and where."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(f"{_axe()};0")  # by the debugger: no policy of the page is in its way, and none is weakened
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['impact']} {fault['id']}: {node['target']} {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def overflow_of(page: Page) -> list[str]:
    """What is wider than the window."""
    wide: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= window.innerWidth ? [] :
          [...document.querySelectorAll('body *')]
            .filter(one => one.getBoundingClientRect().right > window.innerWidth + 0.5)
            .map(one => `${one.tagName}.${one.className}`).concat(`${document.documentElement.scrollWidth}`)"""
    )
    return wide


def keyboard_faults_of(page: Page) -> list[str]:
    """Where the Tab key does not lead in the order of the page, or one cannot see where it has led."""
    expected: int = page.evaluate(
        """selector => {
          window.places = [...document.querySelectorAll(selector)].filter(one => one.tabIndex >= 0
            && !one.disabled && one.checkVisibility());
          document.activeElement.blur();
          return window.places.length;
        }""",
        _FOCUSABLE,
    )
    faults: list[str] = []
    for number in range(expected):
        page.keyboard.press("Tab")
        reached = page.evaluate(
            """() => {
              const here = document.activeElement, style = getComputedStyle(here);
              return [window.places.indexOf(here), here.outerHTML.slice(0, 80), style.outlineStyle !== 'none'
                && parseFloat(style.outlineWidth) >= 2];
            }"""
        )
        if reached[0] != number:
            faults.append(f"Tab {number + 1} leads to place {reached[0]}: {reached[1]}")
        if not reached[2]:
            faults.append(f"not seen: {reached[1]}")
    return faults


def english_in(page: Page, language: str) -> list[str]:
    """Texts of ours that are on the page in English, though there are others in this language."""
    texts = translations(language)
    seen: list[str] = page.evaluate(
        """() => {
          const texts = [document.title.split(' · ')[0]];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) texts.push(walker.currentNode.data);
          for (const one of document.querySelectorAll('[aria-label], [title], [placeholder]'))
            texts.push(one.ariaLabel ?? '', one.placeholder ?? '');
          return texts.map(text => text.replace(/\\s+/g, ' ').trim()).filter(text => text);
        }"""
    )
    return [text for text in seen if texts.gettext(text) != text]


@cache
def _axe() -> str:
    """axe-core, from the package that brings it."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
