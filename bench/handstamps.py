"""handstamp as a contender, on each of its stores. The applications are in ``bench/applications``."""

import os
import sys
from collections.abc import Callable
from typing import Any, Final

from bench.contending import BARE, PROTECTED, Contender, Detail, Route, Site
from bench.entrances import ByStore
from bench.installing import Ours
from bench.measure import HOST, ROOT, Command

_DOCS: Final = "docs/index.md"
_PLAIN, _NOTHING = Route("/plain"), Route("/nothing")

_STARLETTE: Final = (
    Detail("Starlette, **protected** beside unprotected", PROTECTED, _PLAIN, "≤ 5 µs added"),
    Detail("Starlette, handstamp installed and not asked, beside none", _PLAIN, BARE),
    Detail("Starlette, unprotected beside itself: the error", Route("/plain", again=True), _PLAIN),
)
_FASTAPI: Final = (
    Detail("FastAPI, **protected** beside a dependency that does nothing", PROTECTED, _NOTHING, "ratio ≤ 1.05"),
    Detail("FastAPI, protected beside unprotected", PROTECTED, _PLAIN),
    Detail("FastAPI, handstamp installed and not asked, beside none", _PLAIN, BARE),
    Detail("FastAPI, the idle dependency beside itself: the error", Route("/nothing", again=True), _NOTHING),
)
_STORES: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "sqlite": ("SQLite", "Users and sessions in one file of SQLite.", ("sqlalchemy",)),
    "postgresql": ("PostgreSQL", "Users and sessions in PostgreSQL 18.", ("sqlalchemy", "psycopg")),
    "valkey": ("Valkey", "Sessions in Valkey 9, users in a file of SQLite.", ("redis", "sqlalchemy")),
    "mongodb": (
        "MongoDB protocol (SecantusDB)",
        "Users and sessions in SecantusDB, an emulator of MongoDB's protocol: it is not MongoDB.",
        ("pymongo",),
    ),
}
"""By the place where it runs: what readers know it by, what is kept there, and the packages that speak with it."""


def on_starlette(place: str) -> Contender:
    """A route that awaits ``current_user(request)``."""
    return _contender("Starlette", "starlette_handstamp", place, _STARLETTE, ("starlette",))


def on_fastapi(place: str) -> Contender:
    """A route with the dependency ``CurrentUser``."""
    return _contender("FastAPI", "fastapi_handstamp", place, _FASTAPI, ("fastapi", "starlette"))


def _contender(
    framework: str, module: str, place: str, details: tuple[Detail, ...], packages: tuple[str, ...]
) -> Contender:
    store, kept, drivers = _STORES[place]
    more: dict[str, Any] = {"details": details, "quick": True} if place == "sqlite" else {}
    served = ("joserfc", "cryptography", "uvicorn", "uvloop", "httptools")
    return Contender(
        name=f"handstamp, {framework}, {store}",
        group="handstamp",
        framework=framework,
        store=store,
        setup=f"`install(app, Auth())` with every setting at its default. {kept}",
        docs=_DOCS,
        checks="Signature once per token and process, then session and user from memory, after asking whether the "
        "store has changed.",
        lasting="refused: sign-out ends the session in the store, and every process learns of it",
        entrance=ByStore(),
        command=_served(module),
        packages=Ours((*packages, *drivers, *served)),
        place=place,
        elsewhere=True,
        **more,
    )


def _served(module: str) -> Callable[[Site, int], Command]:
    def command(site: Site, port: int) -> Command:
        words = [sys.executable, "-m", "uvicorn", f"bench.applications.{module}:app"]
        options = [f"--host={HOST}", f"--port={port}", "--log-level=warning"]
        environment = {
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "HANDSTAMP_DATABASE": site.database,
            "HANDSTAMP_SECRET": site.secret,
            **({"HANDSTAMP_SESSIONS": site.sessions} if site.sessions else {}),
        }
        return Command([*words, *options, "--no-access-log", "--no-proxy-headers"], environment)

    return command
