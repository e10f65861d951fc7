"""The server: its address, connections to it, and what its refusals mean."""

import asyncio
import re
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    MovedError,
    NoPermissionError,
    NoScriptError,
    RedisError,
    ResponseError,
)
from redis.maint_notifications import MaintNotificationsConfig

from handstamp.core.errors import ConfigurationError, StoreUnavailable
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
        scheme, _, rest = url.partition(":")
        self._url = f"{SCHEMES.get(scheme, '')}:{rest}"
        self.time_limit = time_limit
        self._is_open = False
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, BlockingConnectionPool] = WeakKeyDictionary()
        try:
            self._new_pool()
            parts = urlsplit(self._url)
            if parts.scheme != "unix" and not re.fullmatch(r"(/\d*)?", parts.path):
                raise ValueError(parts.path)  # the driver would take database 0 for it
            self._where = parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"
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
                client = self._client()
                for script in ALL:
                    await client.execute_command("SCRIPT LOAD", script.text)
                await client.execute_command("EVALSHA", LOAD.digest, 1, ROOT, "none")
        except (AuthenticationError, NoPermissionError) as error:
            raise ConfigurationError(f"the server of sessions at {self._where} refuses us: {error}") from error
        except MovedError as error:
            raise ConfigurationError(
                f"the server of sessions at {self._where} is a node of a cluster, and not the one that keeps {ROOT}"
            ) from error
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
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            await pool.aclose()

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
                return await self._client().execute_command(*words)
        except NoScriptError as error:
            raise _Forgotten(str(error)) from error
        except OUTAGES as error:
            raise self.unavailable(error) from error

    def connection(self) -> Any:
        """A connection of its own, not connected yet."""
        pool: Any = self._new_pool()
        return pool.make_connection()

    def unavailable(self, error: BaseException) -> StoreUnavailable:
        """The error to raise for an outage; it names the server and the cause, and no value."""
        return StoreUnavailable(
            f"the server of sessions at {self._where} cannot be used now: {str(error) or 'no answer in time'}"
        )

    def _client(self) -> Any:  # the driver leaves half of its own types out
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            pool = self._pools[loop] = self._new_pool()
        return Redis(connection_pool=pool)

    def _new_pool(self) -> BlockingConnectionPool:
        return BlockingConnectionPool.from_url(
            self._url,
            protocol=3,
            decode_responses=True,
            encoding_errors="replace",
            max_connections=MOST_CONNECTIONS,
            timeout=None,
            # A verb is never sent twice: the first may have been done, and only its answer lost.
            retry=Retry(NoBackoff(), 0),
            socket_timeout=self.time_limit,
            socket_connect_timeout=self.time_limit,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )


class _Forgotten(StoreUnavailable):
    """The server has never seen the script, or was restarted since."""
