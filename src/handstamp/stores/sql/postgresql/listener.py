"""How a connection listens."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack

import psycopg

from handstamp.stores.sql.postgresql.changes import CHANNEL
from handstamp.stores.sql.postgresql.connect import Driver

Lost = asyncio.Future[psycopg.Error]


async def listen(connection: Driver, private: str, hear: Callable[[str, str], None], opened: ExitStack) -> Lost:
    """Listen, from when this returns until ``opened`` is closed, which closes the connection too.

    Args:
        connection: One of its own; nothing else is asked of it.
        private: The name of a channel that nobody else listens to, beside the one for changes.
        hear: Called with the channel and the payload of each notification, in the event loop, before any task runs
            that what arrives later begins.
        opened: Takes what is to be let go.

    Returns:
        A future that is done when the connection is lost, with the reason.

    Raises:
        psycopg.Error: It cannot listen.
    """
    line, loop = connection.pgconn, asyncio.get_running_loop()
    opened.callback(line.finish)
    lost: Lost = loop.create_future()

    def read() -> None:
        try:
            line.consume_input()
            while (notification := line.notifies()) is not None:
                hear(notification.relname.decode(errors="replace"), notification.extra.decode(errors="replace"))
        except psycopg.Error as error:
            loop.remove_reader(socket)
            if not lost.done():
                lost.set_result(error)

    # What arrives together with the answer to LISTEN is read by the driver.
    connection.add_notify_handler(lambda notification: hear(notification.channel, notification.payload))
    for channel in (f'"{private}"', CHANNEL):
        await connection.execute(f"LISTEN {channel}".encode())
    socket = line.socket
    loop.add_reader(socket, read)
    opened.callback(loop.remove_reader, socket)
    return lost
