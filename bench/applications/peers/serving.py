"""How every peer that is written in Python is served: by uvicorn, as handstamp is, in one process."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from bench.applications.switch import Switch
from fastapi import FastAPI
from starlette.types import ASGIApp

HOST: Final = "127.0.0.1"
ANSWER: Final = {"doors": "open"}


@dataclass(frozen=True, slots=True)
class Setting:
    """What the command line says."""

    port: int
    database: Path
    """A file of SQLite; it is made where it is missing."""
    secret: str
    options: tuple[str, ...]

    @property
    def url(self) -> str:
        """The database, for SQLAlchemy."""
        return f"sqlite+aiosqlite:///{self.database}"

    @property
    def origin(self) -> str:
        """Where the application is."""
        return f"http://{HOST}:{self.port}"


async def plain() -> dict[str, str]:
    """The answer, for everybody."""
    return ANSWER


def serve(build: Callable[[Setting], Awaitable[ASGIApp]]) -> None:
    """Build the application whose ``/protected`` is asked for, and serve it beside one that has nothing of the peer.

    The command line: port, database file, secret, and options of the application.
    """
    port, database, secret, *options = sys.argv[1:]
    setting = Setting(int(port), Path(database), secret, tuple(options))
    bare = FastAPI()
    bare.get("/bare")(plain)

    async def run() -> None:
        app = Switch({"/bare": bare, "/protected": await build(setting)})
        server = uvicorn.Config(
            app, HOST, setting.port, log_level="warning", access_log=False, proxy_headers=False, loop="uvloop"
        )
        await uvicorn.Server(server).serve()

    with asyncio.Runner(loop_factory=uvicorn.Config(bare, loop="uvloop").get_loop_factory()) as runner:
        runner.run(run())
