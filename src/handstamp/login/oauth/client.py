"""The only part of the folder that touches the network: drives an exchange with httpx2.

Redirects are not followed, cookies are not kept, responses are bounded in size and the exchange as a whole in
time (OAU-05, OAU-08). Plain http is for this machine only.
"""

import asyncio
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import ModuleType
from typing import TYPE_CHECKING, Final, TypeVar

from handstamp.core.errors import ConfigurationError, LoginFailed
from handstamp.login.oauth.exchange import (
    INVALID_RESPONSE,
    MAX_RESPONSE_BYTES,
    PROVIDER_UNAVAILABLE,
    Exchange,
    HTTPRequest,
    HTTPResponse,
    is_secure_url,
)

if TYPE_CHECKING:
    import httpx2

TIME_LIMIT: Final = 10.0
"""Seconds for a whole exchange, however many requests it makes."""

T = TypeVar("T")


def new_client() -> "httpx2.AsyncClient":
    """A client that keeps no cookies and follows no redirects; one may serve any number of exchanges.

    Raises:
        ConfigurationError: httpx2 is not installed.
    """
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    client: httpx2.AsyncClient = _httpx2().AsyncClient(follow_redirects=False, cookies=no_cookies, timeout=TIME_LIMIT)
    return client


class Network:
    """The connections to one provider, opened when they are needed and let go at the end."""

    def __init__(self) -> None:
        self._client: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def perform(self, exchange: Exchange[T]) -> T:
        """What an exchange comes to; see ``perform``."""
        loop = asyncio.get_running_loop()
        # Connections belong to their loop, and test clients run each request on a loop of its own.
        if self._client is None or self._loop is not loop:
            self._client, self._loop = new_client(), loop
        return await perform(exchange, self._client)

    async def close(self) -> None:
        """Let go of connections. The next exchange opens new ones."""
        client, loop = self._client, self._loop
        self._client = self._loop = None
        if client is not None and loop is asyncio.get_running_loop():  # those of a loop that is over went with it
            await client.aclose()


async def perform(exchange: Exchange[T], client: "httpx2.AsyncClient", *, time_limit: float = TIME_LIMIT) -> T:
    """Make the requests of an exchange and give back what it comes to.

    Args:
        exchange: A fresh one; it is closed in any case.
        client: From ``new_client``.
        time_limit: Seconds for all requests together. (httpx2's own timeout is per phase of a request, so a
            provider that trickles could hold a sign-in for ever.)

    Raises:
        LoginFailed: ``provider_unavailable`` if the provider cannot be reached or is too slow;
            ``invalid_response`` for a response that is too long; and whatever the exchange raises.
        ConfigurationError: httpx2 is not installed.
    """
    library = _httpx2()
    try:
        async with asyncio.timeout(time_limit):
            return await _drive(exchange, client)
    except TimeoutError as error:
        raise LoginFailed(PROVIDER_UNAVAILABLE, f"the provider took more than {time_limit:g} s") from error
    except (library.RequestError, library.InvalidURL) as error:
        # The class says enough; the text may hold the URL, and the URL a token.
        raise LoginFailed(PROVIDER_UNAVAILABLE, f"no answer: {type(error).__name__}") from error
    finally:
        exchange.close()


async def _drive(exchange: Exchange[T], client: "httpx2.AsyncClient") -> T:
    try:
        request = next(exchange)
        while True:
            request = exchange.send(await _fetch(request, client))
    except StopIteration as stop:
        result: T = stop.value
        return result


async def _fetch(request: HTTPRequest, client: "httpx2.AsyncClient") -> HTTPResponse:
    if not is_secure_url(request.url):
        raise LoginFailed(INVALID_RESPONSE, "an endpoint is neither https nor on this machine")
    # Only identity: a compressed body could be small on the wire and huge in memory.
    headers = {**request.headers, "accept-encoding": "identity"}
    async with client.stream(
        request.method, request.url, headers=headers, content=request.body, follow_redirects=False
    ) as response:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > MAX_RESPONSE_BYTES:
                raise LoginFailed(INVALID_RESPONSE, "the provider's answer is too long")
    return HTTPResponse(response.status_code, dict(response.headers), bytes(body))


def _httpx2() -> ModuleType:
    try:
        import httpx2  # noqa: PLC0415  it takes 140 ms: loaded when used
    except ImportError as error:
        raise ConfigurationError('sign-in with a provider needs: pip install "handstamp[oauth]"') from error
    return httpx2
