"""The server: its address, connections to it, and what its refusals mean."""

import asyncio
import re
from typing import Any, Final
from urllib.parse import urlsplit

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    NoScriptError,
    RedisError,
    ResponseError,
)
from redis.maint_notifications import MaintNotificationsConfig

from handstamp.core.errors import ConfigurationError, StoreUnavailable
from handstamp.stores.redis.connections import Connections
from handstamp.stores.redis.keys import ROOT
from handstamp.stores.redis.script import ALL, LOAD, Script

SCHEMES: Final = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}
"""Schemes of addresses, and what the driver calls them."""

MOST_CONNECTIONS: Final = 32
"""In each process; a verb holds one for a fraction of a millisecond, and the next caller waits for it."""

OUTAGES: Final = (RedisError, OSError, TimeoutError)
"""What the driver raises when there is no answer, or one that says no. A server that was fit when it was opened says
no for its state: full, read-only, loading, unable to save."""


class Server:
    """One server, for any number of event loops: each has connections of its own.

    Args:
        url: See ``RedisStore``.
        time_limit: Seconds that a call may take, waiting for a connection included.

    Raises:
        ConfigurationError: The URL has another form.
    """

    def __init__(self, url: str, *, time_limit: float) -> None:
        self.time_limit = time_limit
        self._is_open = False
        self._of_loops: dict[asyncio.AbstractEventLoop, Connections] = {}
        try:
            address, self._where = _address(url)
            self._driver = _driver(address, time_limit)
        except ValueError:
            # "from None": the cause may repeat the URL, and that may carry a password.
            raise ConfigurationError(
                "the address of sessions has no form such as valkey://host:6379/0, rediss://user:password@host or "
                "unix:///path/to/socket?db=0"
            ) from None

    async def open(self) -> None:
        """See ``Store``: the scripts are brought there, and one of them is tried."""
        try:
            async with asyncio.timeout(self.time_limit):
                connections = self._connections()
                for script in ALL:
                    await connections.ask("SCRIPT", "LOAD", script.text)
                await connections.ask("EVALSHA", LOAD.digest, 1, ROOT, "none")
        except (AuthenticationError, NoPermissionError) as error:
            raise ConfigurationError(f"the server of sessions at {self._where} refuses us: {error}") from error
        except ResponseError as error:
            raise ConfigurationError(
                f"the server of sessions at {self._where} cannot run what handstamp needs, which is Redis 7 or later "
                f"or Valkey, a primary that is up: {error}"
            ) from error
        except OUTAGES as error:
            raise self.unavailable(error) from error
        self._is_open = True

    async def close(self) -> None:
        """Let go of the connections of the running loop. Those of other loops go with their loops."""
        self._is_open = False
        connections = self._of_loops.pop(asyncio.get_running_loop(), None)
        if connections is not None:
            await connections.close()

    async def run(self, script: Script, *args: str | float) -> Any:
        """What a script gives.

        Raises:
            StoreUnavailable: The server cannot be asked, or refuses, or does not answer in time.
        """
        try:
            return await self.command("EVALSHA", script.digest, 1, ROOT, *args)
        except _Forgotten:
            return await self.command("EVAL", script.text, 1, ROOT, *args)

    async def command(self, *words: str | float) -> Any:
        """What a command gives.

        Raises:
            StoreUnavailable: The server cannot be asked, or refuses, or does not answer in time.
        """
        if not self._is_open:
            raise StoreUnavailable(f"the server of sessions at {self._where} is not open")
        try:
            async with asyncio.timeout(self.time_limit):
                return await self._connections().ask(*words)
        except NoScriptError as error:
            raise _Forgotten(str(error)) from error
        except OUTAGES as error:
            raise self.unavailable(error) from error

    def connection(self) -> Any:
        """A connection of its own, not connected yet."""
        return self._driver.make_connection()

    def unavailable(self, error: BaseException) -> StoreUnavailable:
        """The error to raise for an outage; it names the server and the cause, and no value."""
        return StoreUnavailable(
            f"the server of sessions at {self._where} cannot be used now: {str(error) or 'no answer in time'}"
        )

    def _connections(self) -> Connections:
        loop = asyncio.get_running_loop()
        connections = self._of_loops.get(loop)
        if connections is None:
            for closed in [one for one in self._of_loops if one.is_closed()]:
                del self._of_loops[closed]
            connections = self._of_loops[loop] = Connections(self.connection, MOST_CONNECTIONS)
        return connections


def _address(url: str) -> tuple[str, str]:
    """The URL as the driver knows it, and where the server is, without a password.

    Raises:
        ValueError: It has another form.
    """
    scheme, _, rest = url.partition(":")
    address = f"{SCHEMES.get(scheme, '')}:{rest}"
    parts = urlsplit(address)
    if parts.scheme == "unix":
        return address, parts.path
    if not parts.hostname or not re.fullmatch(r"(/\d*)?", parts.path):  # the driver would take a default for it
        raise ValueError(url)
    return address, f"{parts.hostname}:{parts.port or 6379}"


def _driver(address: str, time_limit: float) -> Any:  # the driver leaves half of its own types out
    return ConnectionPool.from_url(
        address,
        protocol=3,
        decode_responses=True,
        encoding_errors="replace",
        retry=Retry(NoBackoff(), 0),
        # Not the driver's time limit for what it sends: until Python 3.12 it swallows the cancellation of whoever is
        # cancelled there (wait_for), and closing would wait for ever. All that is asked has a limit here.
        socket_timeout=None,
        socket_connect_timeout=time_limit,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )


class _Forgotten(StoreUnavailable):
    """The server has never seen the script, or was restarted since."""
