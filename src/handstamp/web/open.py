"""One open WebSocket or stream: what is said to it, and to its handler, when the session is over."""

import asyncio
from contextlib import suppress
from enum import Enum
from typing import Final

from starlette.types import Message, Receive, Send

from handstamp.core.models import EndReason
from handstamp.web.waits import BrokenOff, Waits

SESSION_OVER: Final = 4401
"""The close code of a WebSocket whose session is over: 401, in the range for applications (RFC 6455 §7.4.2)."""


class Kind(Enum):
    """How a connection can be ended."""

    WEBSOCKET = "websocket"
    """With a close frame."""
    EVENTS = "events"
    """By the end of the response: a client that wants to go on comes back, and is refused."""
    OTHER = "other"
    """By breaking it off: whoever reads a part must not take it for the whole."""


_LAST_WORDS: Final[dict[Kind, Message]] = {
    Kind.WEBSOCKET: {"type": "websocket.close", "code": SESSION_OVER},
    Kind.EVENTS: {"type": "http.response.body", "body": b"", "more_body": False},
    # No event of ASGI, so it is an error to every server, and to middleware that would make a clean end of an
    # exception raised inside it, as Starlette's BaseHTTPMiddleware does.
    Kind.OTHER: {"type": "http.response.broken_off", "more_body": True},
}


class ConnectionOver(ConnectionAbortedError):  # noqa: N818  named like the OSErrors that it stands beside
    """Raised in a handler that sends to a connection which was closed since the session is over.

    An OSError, as ASGI has it for clients that are gone: Starlette makes a ``WebSocketDisconnect`` of it.
    """


class OpenConnection(Waits):
    """Stands between a handler and the server, and closes the connection when it is told to."""

    __slots__ = ("__weakref__", "_complete", "_kind", "_reason", "_said", "_send")

    def __init__(self, send: Send, kind: Kind) -> None:
        super().__init__()
        self._send = send
        self._reason: EndReason | None = None
        self._said: asyncio.Event | None = None
        self._complete = False
        self._kind = kind

    def stop(self, reason: EndReason) -> bool:
        """See ``Connection``. From now on the handler hears and says nothing."""
        if self._complete:
            return False
        self._reason = reason
        self._said = asyncio.Event()
        return True

    async def say_last_words(self) -> None:
        """See ``Connection``. The handler goes on when they are said, or given up."""
        assert self._reason is not None
        last = dict(_LAST_WORDS[self._kind])
        if self._kind is Kind.WEBSOCKET:
            last["reason"] = self._reason.value
        try:
            with suppress(Exception):  # the client is gone, which each server says in its own way
                await self._send(last)
        finally:
            self._over()

    async def send(self, message: Message) -> None:
        """Pass on what the handler says.

        Raises:
            ConnectionOver: The session is over.
        """
        if self._reason is None:
            try:
                await self.wait(self._send(message))
            except BrokenOff:
                pass
            else:
                self._complete = _completes(message)
                return
        await self._last_words_said()
        if message["type"] != "websocket.close":  # what the handler wants has been done
            raise ConnectionOver(f"the session is over: {self._reason}")

    async def receive(self, receive: Receive) -> Message:
        """Give the handler of a WebSocket what comes; when the session is over, that it was closed, and why."""
        if self._reason is None:
            try:
                message = await self.wait(receive())
            except BrokenOff:
                pass
            else:
                if self._reason is None:
                    return message
        await self._last_words_said()
        return {"type": "websocket.disconnect", "code": SESSION_OVER, "reason": str(self._reason)}

    def _over(self) -> None:
        if self._said is not None:
            self._said.set()
        self.break_off()

    async def _last_words_said(self) -> None:
        if self._said is not None:
            await self._said.wait()


def _completes(message: Message) -> bool:
    if message["type"] == "http.response.body":
        return not message.get("more_body", False)
    return bool(message["type"] == "websocket.close")


def kind_of(start: Message) -> Kind:
    """Which kind of stream a response is that begins so."""
    for name, value in start.get("headers", ()):
        if name.lower() == b"content-type":
            return Kind.EVENTS if value.lower().startswith(b"text/event-stream") else Kind.OTHER
    return Kind.OTHER
