"""Taps: what a process asks of its stores, counted where it leaves the process.

What goes on by itself is left out: heartbeats, what a feed reads or listens to, and how a connection is made.
"""

import os
import re
import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from redis import Redis

from handstamp.stores.mongodb import connection as mongodb_connection
from handstamp.stores.mongodb.shape import HEARTBEATS
from handstamp.stores.sql.postgresql import connections
from handstamp.stores.sql.postgresql.connect import Driver, Place, connect

_SQLITE_ITSELF: Final = re.compile(r"PRAGMA|SELECT .* FROM (changes|sqlite_master)", re.DOTALL)
"""The feed asks for what changed."""

_MESSAGE: Final = re.compile(r"^\d{4}-\d\d-\d\d [\d:.]+\t(?:B\t.*|F)", re.MULTILINE)
"""What a message in the trace of libpq begins with. Answers are left out; a statement may have several lines."""

_BEAT: Final = "pg_notify("
_REDIS_ITSELF: Final = re.compile(r"ECHO|SET \{handstamp\}:heartbeat:|CLIENT|HELLO|SCRIPT|INFO")
_MONGODB_ITSELF: Final = frozenset({"hello", "getMore", "killCursors", "endSessions"})


class Tap(Protocol):
    """What was asked."""

    def drain(self) -> Sequence[str]:
        """What was asked since the last call, in order: a statement, a command, or a round trip by its statement."""
        ...


class SqliteTap:
    """Every statement that SQLite runs on connections that are made from now on, as it traces them itself.

    Of a statement that fires triggers Python is shown the text once more for each of them. So a write that follows
    upon itself, with the same values, counts once.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._seen: list[str] = []
        connect_untapped = sqlite3.connect

        def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            made: sqlite3.Connection = connect_untapped(*args, **kwargs)
            made.set_trace_callback(self._seen.append)
            return made

        patch.setattr(sqlite3, "connect", traced)

    def drain(self) -> Sequence[str]:
        """See ``Tap``."""
        found = [statement for statement in self._seen if not _SQLITE_ITSELF.match(statement)]
        self._seen.clear()
        return [here for before, here in pairwise(["", *found]) if here != before or here.startswith("SELECT")]


class PostgresqlTap:
    """Every round trip on connections that are made from now on, from what libpq writes on the wire.

    A statement that psycopg prepares takes one more, once for each connection: that one is left out.
    """

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self._folder = folder
        self._traces: list[_Trace] = []
        patch.setattr(connections, "connect", self._connected)

    def drain(self) -> Sequence[str]:
        """See ``Tap``."""
        return [asked for trace in self._traces for asked in trace.drain()]

    def close(self) -> None:
        """Let go of the files; the connections are closed."""
        for trace in self._traces:
            trace.close()

    async def _connected(self, place: Place) -> Driver:
        made = await connect(place)
        self._traces.append(_Trace(made, self._folder / f"{len(self._traces)}.trace"))
        return made


class _Trace:
    """The trace of one connection."""

    def __init__(self, connection: Driver, path: Path) -> None:
        path.touch()
        self._file = path.open("r", encoding="utf-8", errors="replace")
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        connection.pgconn.trace(self._descriptor)
        self._prepared: dict[str, str] = {}
        self._executed = ""

    def drain(self) -> list[str]:
        """The round trips since the last call."""
        found = [asked for message in _MESSAGE.split(self._file.read())[1:] for asked in self._read(message)]
        return [asked for asked in found if _BEAT not in asked and not asked.startswith("LISTEN")]

    def close(self) -> None:
        """Let go of the files; the connection is closed."""
        self._file.close()
        os.close(self._descriptor)

    def _read(self, message: str) -> list[str]:
        kind, rest = [*message.strip("\n").split("\t", 3), "", "", ""][2:4]
        if kind == "Query":
            return [rest.strip(' "')]
        if kind == "Parse":
            _, name, _, statement = rest.split('"', 3)
            self._prepared[name] = statement.rpartition('"')[0]
        elif kind == "Bind":
            self._executed = self._prepared.get(rest.split('"', 4)[3], "")
        elif kind == "Sync":
            executed, self._executed = self._executed, ""
            return [executed] if executed else []
        return []


class RedisTap:
    """Every command that a client sends, as the server shows it (MONITOR). What scripts do inside is their own."""

    def __init__(self, shell: "Redis") -> None:
        self._shell = shell
        self._count = 0
        self._monitor: Any = shell.monitor().__enter__()  # type: ignore[no-untyped-call]  # the driver gives it no types

    def drain(self) -> Sequence[str]:
        """See ``Tap``."""
        self._count += 1
        mark = f"ECHO {self._count}"
        self._shell.echo(str(self._count))
        seen: list[str] = []
        while (told := self._monitor.next_command())["command"] != mark:
            if told["client_type"] != "lua" and not _REDIS_ITSELF.match(told["command"]):
                seen.append(told["command"])
        return seen

    def close(self) -> None:
        """Watch no longer."""
        self._monitor.__exit__(None, None, None)


class MongodbTap(CommandListener):
    """Every command of clients that are made from now on, as the driver tells its listeners."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._seen: list[str] = []

        def listened(*args: Any, **kwargs: Any) -> AsyncMongoClient[dict[str, Any]]:
            return AsyncMongoClient(*args, event_listeners=[self], **kwargs)

        patch.setattr(mongodb_connection, "AsyncMongoClient", listened)

    def drain(self) -> Sequence[str]:
        """See ``Tap``."""
        seen = [*self._seen]
        self._seen.clear()
        return seen

    def started(self, event: CommandStartedEvent) -> None:
        """A command is sent."""
        what = str(event.command.get(event.command_name))
        if event.command_name not in _MONGODB_ITSELF and what not in {HEARTBEATS, "1"}:
            self._seen.append(f"{event.command_name} {what}")
        elif event.command_name in {"commitTransaction", "abortTransaction"}:
            self._seen.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """It was answered."""

    def failed(self, event: CommandFailedEvent) -> None:
        """It was refused."""
