"""Origins as configuration gives them (RFC 6454): checked once, so that later they are compared whole."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from handstamp.core.errors import ConfigurationError

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_ORIGIN: Final = re.compile(
    rf"(?P<scheme>https?)://(?:(?P<name>{_NAME})|\[(?P<address>[0-9a-f:]+)\])(?::(?P<port>[0-9]{{1,5}}))?"
)
_LOCALHOST: Final = re.compile(rf"(?:{_NAME}\.)?localhost")
_NUMERIC: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""A name that browsers take for an IPv4 address, by its last label (WHATWG URL, "ends in a number")."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_MAX_NAME: Final = 253
_MAX_PORT: Final = 65_535


def parse_origin(value: str) -> str:
    """An origin from configuration, as browsers write it: lower case, the default port left out.

    Args:
        value: ``scheme://host`` or ``scheme://host:port``, http or https. A name in other letters than ASCII is
            given in its ``xn--`` form.

    Raises:
        ConfigurationError: Anything else, also a mere trailing slash: it would be dropped silently today and
            compared tomorrow.
    """
    match = _ORIGIN.fullmatch(value.lower())
    host = _host(match["name"], match["address"]) if match and value.isascii() else None
    if match is None or host is None:
        raise _no_origin(value)
    scheme, port = match["scheme"], match["port"]
    if port is None or int(port) == _DEFAULT_PORTS[scheme]:
        return f"{scheme}://{host}"
    if not 0 < int(port) <= _MAX_PORT:
        raise _no_origin(value)
    return f"{scheme}://{host}:{int(port)}"


def is_loopback_host(host: str) -> bool:
    """Whether a host can only be this machine: ``localhost``, ``*.localhost`` (RFC 6761 §6.3), 127.0.0.0/8, ::1.

    Args:
        host: Without port. An IPv6 address with or without its brackets.
    """
    host = host.lower()
    if _LOCALHOST.fullmatch(host) or host in {"::1", "[::1]"}:
        return True
    try:
        return IPv4Address(host).is_loopback
    except AddressValueError:
        return False


def is_loopback_origin(origin: str) -> bool:
    """Whether an origin, as ``parse_origin`` gives it, can only be this machine."""
    match = _ORIGIN.fullmatch(origin)
    return match is not None and is_loopback_host(match["name"] or match["address"])


def _host(name: str | None, address: str | None) -> str | None:
    """The host as browsers serialise it, or None where they would read another one, or none."""
    try:
        if address is not None:
            # Browsers and Python's versions write ::ffff:127.0.0.1 differently: it would never compare equal.
            parsed = IPv6Address(address)
            return None if parsed.ipv4_mapped else f"[{parsed.compressed}]"
        if name is None or len(name) > _MAX_NAME:
            return None
        return str(IPv4Address(name)) if _NUMERIC.fullmatch(name) else name
    except AddressValueError:
        return None


def _no_origin(value: str) -> ConfigurationError:
    shown = value.rpartition("@")[2][:80]  # what stands before an @ may be a password
    return ConfigurationError(
        f"{shown!a} is no origin: write scheme://host or scheme://host:port with http or https, such as "
        "https://app.example.com, without user, path, query or trailing slash"
    )
