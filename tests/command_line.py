"""The command ``handstamp``, in this process and in one of its own, and a system for it to work on."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from typer.testing import CliRunner, Result

from handstamp.auth import Auth
from handstamp.cli import app
from handstamp.cli.place import database_in
from handstamp.core.models import Profile, User

T = TypeVar("T")

PROGRAM = [sys.executable, "-c", "from handstamp.cli import main; main()"]
"""The command as a process of its own."""


def run(*words: object) -> Result:
    """The command in this process. Only the end of a program is caught: anything else is a defect."""
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without any setting of handstamp, and with ``variables``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HANDSTAMP_")}  # noqa: TID251  for a child process
    return kept | variables


def run_outside(*words: object, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, started in a folder."""
    return subprocess.run(
        [*PROGRAM, *map(str, words)],
        cwd=folder,
        env=clean_environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


class System:
    """What a running application has on the database of a data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.url = database_in(data)

    def do(self, work: Callable[[Auth], Awaitable[T]], **settings: Any) -> T:
        """What ``work`` gives with the store open."""

        async def opened() -> T:
            auth = Auth(self.url, **settings)
            try:
                await auth.open()
                return await work(auth)
            finally:
                await auth.close()

        return asyncio.run(opened())

    def user(self, username: str, **facts: Any) -> User:
        """A new user who signed in with X."""
        told: dict[str, Any] = {"issuer": "https://x.com", "subject": username, "username": username} | facts
        profile = Profile(**told)
        return self.do(lambda auth: auth.users.sign_in(profile, now=auth.clock()))

    def session(
        self,
        user: User,
        *,
        settings: Mapping[str, Any] = MappingProxyType({}),
        **facts: Any,
    ) -> tuple[str, str]:
        """The id and the token of a new session, made by an application with these settings."""

        async def start(auth: Auth) -> tuple[str, str]:
            how: dict[str, Any] = {"amr": ("fed",), "now": auth.clock()} | facts
            issued = await auth.sessions.start(user, **how)
            return issued.session.id, issued.token

        return self.do(start, **settings)

    def again(self, user: User) -> User:
        """The user as the store has it now."""
        return self.do(lambda auth: auth.users.get(user.id))
