"""What the tests in Chromium share."""

from importlib import resources
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

AXE: Final = resources.files("axe_playwright_python") / "axe.min.js"
"""Looks for what people cannot use who hear a page, or have no mouse."""

QUIET: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
"""A browser that talks to nobody but us."""


class Doorway:
    """An application that is put in place once its address is known."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        assert self.app is not None
        await self.app(scope, receive, send)
