"""Requests and responses as plain values: a protocol flow is a generator of them, testable without a network.

An ``Exchange[T]`` yields each request it wants made, is sent the response, and returns a T. Whoever drives it
(``client.perform``) knows HTTP; the flow knows the protocol. Every fault is a ``LoginFailed`` with one of the
reasons below, and its message never holds a token, a secret or what the provider wrote.
"""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlsplit

from handstamp.core import encoding
from handstamp.core.errors import LoginFailed
from handstamp.core.origins import is_loopback_host

ACCESS_DENIED: Final = "access_denied"
"""The person, or the provider in their name, said no."""
FLOW_UNKNOWN: Final = "flow_unknown"
"""The callback belongs to no sign-in that this browser has under way."""
INVALID_RESPONSE: Final = "invalid_response"
"""The answer breaks the protocol: garbage, a missing member, a wrong issuer, a bad ID token."""
PROVIDER_ERROR: Final = "provider_error"
"""The provider answered with an error."""
PROVIDER_UNAVAILABLE: Final = "provider_unavailable"
"""The provider is down, busy or slow; the same sign-in may work later."""

MAX_RESPONSE_BYTES: Final = 1_000_000

_MAX_PARAMETERS: Final = 100
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERRORS: Final = 500
_ERROR_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """A request to be made as it stands: no redirect followed, no cookie added."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HTTPResponse:
    """A whole response; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)


Exchange: TypeAlias = Generator[HTTPRequest, HTTPResponse, T]


def require_success(response: HTTPResponse, what: str) -> None:
    """Let only a 2xx pass. A redirect is an error: following it would hand secrets to whoever it names.

    Args:
        response: The provider's.
        what: Which request it answers, for the message.

    Raises:
        LoginFailed: ``provider_unavailable`` for 429 and 5xx, ``provider_error`` for anything else but 2xx.
    """
    if response.status == _TOO_MANY_REQUESTS or response.status >= _SERVER_ERRORS:
        raise LoginFailed(PROVIDER_UNAVAILABLE, f"{what} answered {response.status}")
    if not 200 <= response.status < 300:  # noqa: PLR2004  the 2xx class, RFC 9110 §15.3
        stated = stated_error(response)
        raise LoginFailed(PROVIDER_ERROR, f"{what} answered {response.status}{f' ({stated})' if stated else ''}")


def stated_error(response: HTTPResponse) -> str | None:
    """The error code in the body of a response that was refused (RFC 6749 §5.2), or None where there is none."""
    try:
        stated = _object(response.body).get("error")
    except ValueError:
        return None
    return None if stated is None else error_code(stated)


def json_object(response: HTTPResponse, what: str) -> dict[str, Any]:
    """The JSON object in the body of a successful response.

    Raises:
        LoginFailed: As ``require_success`` does; ``invalid_response`` if the body is anything but one object.
    """
    require_success(response, what)
    try:
        return _object(response.body)
    except ValueError as error:
        raise LoginFailed(INVALID_RESPONSE, f"{what} did not answer with a JSON object") from error


def json_objects(response: HTTPResponse, what: str) -> list[dict[str, Any]]:
    """The objects of the JSON array in the body of a successful response.

    Raises:
        LoginFailed: As ``require_success`` does; ``invalid_response`` if it is anything but one array of objects.
    """
    require_success(response, what)
    try:
        entries = encoding.json_array(_bounded(response.body))
    except ValueError as error:
        raise LoginFailed(INVALID_RESPONSE, f"{what} did not answer with a JSON array") from error
    if not all(isinstance(entry, dict) for entry in entries):
        raise LoginFailed(INVALID_RESPONSE, f"{what} did not answer with objects")
    return entries


def form(response: HTTPResponse, what: str) -> dict[str, str]:
    """The parameters of a successful response in ``application/x-www-form-urlencoded``.

    Raises:
        LoginFailed: As ``require_success`` does; ``invalid_response`` for a bad encoding or a repeated name.
    """
    require_success(response, what)
    try:
        return parse_form(response.body.decode("ascii"))
    except ValueError as error:
        raise LoginFailed(INVALID_RESPONSE, f"{what} did not answer with a form") from error


def parse_form(text: str) -> dict[str, str]:
    """Read form parameters strictly: UTF-8, and no name twice (RFC 6749 §3.1).

    Raises:
        ValueError: They are anything else.
    """
    pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise ValueError("a name is repeated")
    return parameters


def text_member(members: Mapping[str, Any], name: str, what: str) -> str:
    """A member that has to be a non-empty string.

    Raises:
        LoginFailed: ``invalid_response``; it is not.
    """
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise LoginFailed(INVALID_RESPONSE, f"{what} lacks {name}")
    return value


def is_secure_url(url: str) -> bool:
    """Whether a URL may be spoken to: https, or http to this machine; no user information, no fragment."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.password is not None or "#" in url:
        return False
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback_host(parts.hostname))


def error_code(value: object) -> str:
    """An error code fit for a log, or ``unknown`` for what is none: the provider's prose is not repeated."""
    return value if isinstance(value, str) and _ERROR_CODE.fullmatch(value) else "unknown"


def _object(body: bytes) -> dict[str, Any]:
    return encoding.json_object(_bounded(body))


def _bounded(body: bytes) -> bytes:
    if len(body) > MAX_RESPONSE_BYTES:
        raise ValueError("too long")
    return body
