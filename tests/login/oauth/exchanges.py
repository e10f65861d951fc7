"""Drives an exchange by hand: each request is answered by the next of the given responses."""

import json
from collections.abc import Generator
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from handstamp.core.errors import LoginFailed
from handstamp.login.oauth.exchange import Exchange, HTTPRequest, HTTPResponse

T = TypeVar("T")

NOW = 1_800_000_000.0
CALLBACK = "https://app.example/auth/callback/x"


def answer(members: Any, status: int = 200) -> HTTPResponse:
    """A JSON response."""
    return HTTPResponse(status, {"content-type": "application/json"}, json.dumps(members).encode())


def drive(exchange: Exchange[T], *responses: HTTPResponse) -> tuple[T, list[HTTPRequest]]:
    """What the exchange comes to, and the requests that it made: as many as there are responses."""
    requests: list[HTTPRequest] = []
    result = yield_all(exchange, list(responses), requests)
    assert len(requests) == len(responses), "the exchange made fewer requests than expected"
    return result, requests


def yield_all(
    exchange: Generator[HTTPRequest, HTTPResponse, T], responses: list[HTTPResponse], seen: list[HTTPRequest]
) -> T:
    """Answer request after request, noting each in ``seen``."""
    try:
        request = next(exchange)
        while True:
            seen.append(request)
            assert len(seen) <= len(responses), f"an unexpected request: {request}"
            request = exchange.send(responses[len(seen) - 1])
    except StopIteration as stop:
        result: T = stop.value
        return result


def refused(exchange: Exchange[Any], *responses: HTTPResponse) -> str:
    """The reason for which the exchange fails, after exactly these responses."""
    seen: list[HTTPRequest] = []
    with pytest.raises(LoginFailed) as failure:
        yield_all(exchange, list(responses), seen)
    assert len(seen) == len(responses), "it failed at another place than expected"
    return failure.value.reason


def query(url: str) -> dict[str, str]:
    """The parameters of a URL."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def body(request: HTTPRequest) -> dict[str, str]:
    """The form of a request."""
    return dict(parse_qsl((request.body or b"").decode()))
