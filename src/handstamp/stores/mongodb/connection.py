"""The connection to a server: what each verb is asked through, within a time limit."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit
from warnings import catch_warnings, simplefilter

import pymongo
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import ConfigurationError as DriverConfigurationError
from pymongo.errors import DuplicateKeyError, InvalidName, InvalidURI, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from handstamp.core.errors import ConfigurationError, StoreUnavailable
from handstamp.stores.mongodb import shape
from handstamp.stores.mongodb.errors import REFUSED, is_outage, unavailable
from handstamp.stores.mongodb.shape import Database, Document

T = TypeVar("T")

# In their journals, too, where the replica set is set to be quicker than that (writeConcernMajorityJournalDefault).
_MAJORITY: Final = WriteConcern("majority", j=True)
_FAREWELL: Final = 0.5

WAIT_FOR_FREE: Final = 0.5
"""Seconds. The driver itself waits for a free connection of its pool as long as the whole call may take."""

_FORM: Final = "mongodb://host:27017/database"


class Connection:
    """A client and a database. What the URL says of read and write concerns does not count here.

    It belongs to the event loop in which it is first used, until it is closed.

    Raises:
        ConfigurationError: The URL has another form. No message repeats it, for it may carry a password.
    """

    def __init__(self, url: str, *, time_limit: float) -> None:
        self._url = url
        self._time_limit = time_limit
        self._name = _database_name(url)
        self._room: asyncio.Semaphore | None = None
        self._database: Database | None = self._new_database()
        self._opened = False
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def database(self) -> Database:
        """The database: reads what a majority has, at the primary, and writes to a majority."""
        if self._database is None:
            self._database = self._new_database()
        return self._database

    def collection(self, name: str) -> AsyncCollection[Document]:
        """A collection of the database."""
        return self.database[name]

    async def open(self) -> None:
        """See ``Store``."""
        if self._opened:
            return
        await self._set_up(self.answer(self._check()))
        self._opened = True

    async def migrate(self) -> None:
        """See ``Store``. Building an index takes the time that it takes; reaching the server has its limit."""
        await self._set_up(self.answer(self._check_server()))
        await self._set_up(self.within(None, shape.build(self.database)))

    async def answer(self, call: Awaitable[T]) -> T:
        """What the driver gives within the store's time limit.

        Raises:
            StoreUnavailable: The server cannot be asked, or not in time.
        """
        return await self.within(self._time_limit, call)

    async def within(self, limit: float | None, call: Awaitable[T]) -> T:
        """What the driver gives within ``limit`` seconds; the server is told of them too, and stops working then.

        The call is a task of its own, which nobody cancels: it ends by itself, at the limit at the latest. Stopped
        half-way, the driver leaves connections open, and before Python 3.12 it may forget that it was stopped. It
        waits for a server by ``asyncio.wait_for`` around a condition: cancelled while that runs into its time-out,
        which is every half second, it leaves a lock for ever to nobody, and no call ever comes back.

        Raises:
            StoreUnavailable: The server cannot be asked, or not in time.
        """
        task = asyncio.ensure_future(self._called(limit, call))
        self._running.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=limit)
        if not done:
            raise unavailable(TimeoutError())
        return task.result()

    async def transaction(self, work: Callable[[AsyncClientSession], Coroutine[Any, Any, T]], *, tries: int = 1) -> T:
        """What ``work`` gives in a transaction that is committed by a majority when this returns.

        It runs again where it met another transaction. A caller that is cancelled does not stop it half-way, and the
        server does not keep its documents locked.

        Args:
            work: May run several times.
            tries: How often it may meet a key that was not there when it looked.
        """
        return await self.answer(self._transaction(work, tries))

    async def close(self) -> None:
        """Let go of the connections, when the calls that run have come to an end."""
        await asyncio.gather(*self._running, return_exceptions=True)
        database, self._database, self._opened = self._database, None, False
        if database is not None:
            # The driver first tells the server. One that does not answer need not be told, and from then on the
            # driver must not be stopped half-way, for it would leave connections open.
            with pymongo.timeout(_FAREWELL), suppress(PyMongoError):
                await database.client.close()

    async def _called(self, limit: float | None, call: Awaitable[T]) -> T:
        try:
            async with self._turn():
                with pymongo.timeout(limit):
                    return await call
        except (PyMongoError, TimeoutError) as error:
            if is_outage(error):
                raise unavailable(error) from error
            raise
        finally:
            if isinstance(call, Coroutine):
                call.close()  # where its turn did not come

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever has given up waiting does not want it

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        """Wait until a connection of the driver's pool is free, but not for long.

        Raises:
            TimeoutError: None was.
        """
        _ = self.database
        room = self._room
        if room is None:
            yield
            return
        async with asyncio.timeout(WAIT_FOR_FREE if room.locked() else None):
            await room.acquire()
        try:
            yield
        finally:
            room.release()

    async def _transaction(self, work: Callable[[AsyncClientSession], Coroutine[Any, Any, T]], tries: int) -> T:
        async with self.database.client.start_session() as session:
            while True:
                tries -= 1
                try:
                    return await session.with_transaction(
                        work,
                        read_concern=ReadConcern("snapshot"),
                        write_concern=_MAJORITY,
                        read_preference=ReadPreference.PRIMARY,
                    )
                except DuplicateKeyError:
                    if tries <= 0:
                        raise

    async def _check(self) -> None:
        await self._check_server()
        await shape.check(self.database)

    async def _check_server(self) -> None:
        about = await self.database.client.admin.command("hello")
        if "setName" not in about and about.get("msg") != "isdbgrid":
            raise ConfigurationError(
                "this MongoDB server stands alone, and has neither transactions nor change streams: start it with"
                " --replSet NAME and run rs.initiate() once; a replica set of one node is enough"
            )

    async def _set_up(self, step: Awaitable[None]) -> None:
        try:
            await step
        except StoreUnavailable as error:
            cause = error.__cause__
            if isinstance(cause, OperationFailure) and cause.code in REFUSED:
                raise ConfigurationError(
                    "MongoDB refuses the user or password of the URL, or that user may not read and write the"
                    f" database {self._name}"
                ) from cause
            raise
        except DriverConfigurationError as error:
            raise ConfigurationError("the driver and this MongoDB server do not fit together") from error

    def _new_database(self) -> Database:
        milliseconds = int(self._time_limit * 1000)
        options: CodecOptions[Document] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
        try:
            with catch_warnings():
                simplefilter("error", UserWarning)  # an option that is misspelt, tls be it, would be left out
                client: AsyncMongoClient[Document] = AsyncMongoClient(
                    self._url,
                    appname="handstamp",
                    connectTimeoutMS=milliseconds,
                    serverSelectionTimeoutMS=milliseconds,
                )
            most = int(client.options.pool_options.max_pool_size or 0)
            # One of them is for the change stream. 0 is for as many as are wanted.
            self._room = asyncio.Semaphore(max(1, most - 1)) if most else None
            return client.get_database(
                self._name,
                codec_options=options,
                read_preference=ReadPreference.PRIMARY,
                write_concern=_MAJORITY,
                read_concern=ReadConcern("majority"),
            )
        except (InvalidURI, InvalidName, DriverConfigurationError, ValueError, UserWarning):
            # "from None": the cause may repeat a part of the URL, and with it of the password.
            raise ConfigurationError(
                f"the database URL is none that MongoDB's driver takes; its form is {_FORM}, and special"
                " characters of user and password are percent-encoded"
            ) from None


def _database_name(url: str) -> str:
    parts = urlsplit(url)
    name = unquote(parts.path.removeprefix("/"))
    # A "/" in a password that is not percent-encoded would make the rest of it a name, which errors show.
    if parts.scheme not in {"mongodb", "mongodb+srv"} or not name or "@" in parts.path:
        raise ConfigurationError(f"the database URL has another form than {_FORM}, or names no database")
    return name
