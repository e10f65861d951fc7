"""Browsers that do as little as they can: a connection that is kept, a request, the status of its answer."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Final

from bench.measure import HOST, CannotMeasure

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_PATIENCE: Final = 60.0


class Browser:
    """One connection to a server on this machine; made by ``opened``."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._origin = f"http://{HOST}:{port}"
        self._reader = reader
        self._writer = writer

    @classmethod
    async def opened(cls, port: int) -> "Browser":
        """A connection."""
        return cls(port, *await asyncio.open_connection(HOST, port))

    async def get(self, path: str, cookie: str) -> int:
        """The status of the answer to a GET."""
        return await self._ask(f"GET {path}", {"cookie": cookie})

    async def post(self, path: str, fields: Mapping[str, object]) -> int:
        """The status of the answer to a POST of JSON, as from a page of the application itself."""
        headers = {"origin": self._origin, "content-type": "application/json"}
        return await self._ask(f"POST {path}", headers, json.dumps(fields).encode())

    def close(self) -> None:
        """Let go of the connection."""
        self._writer.close()

    async def _ask(self, what: str, headers: Mapping[str, str], body: bytes = b"") -> int:
        all_of_them = {"host": self._origin.partition("//")[2], "content-length": str(len(body)), **headers}
        lines = [f"{what} HTTP/1.1", *(f"{name}: {value}" for name, value in all_of_them.items()), "", ""]
        self._writer.write("\r\n".join(lines).encode() + body)
        try:
            async with asyncio.timeout(_PATIENCE):
                head = await self._reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                if length is not None:
                    await self._reader.readexactly(int(length[1]))
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            raise CannotMeasure(f"the server did not answer: {error!r}") from error
        return int(head.split(b" ", 2)[1])
