"""Where a request came from: the client's address behind proxies, and the network that an address is in."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_SUBSCRIBER: Final = 64
"""Bits of an IPv6 address that name a network; its owner chooses the others, each time anew (RFC 8981)."""
_MOST_HOPS: Final = 32
_WITH_PORT: Final = re.compile(r"(?P<four>[0-9.]{7,15}):[0-9]{1,5}|\[(?P<six>[0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?")
_PAIR: Final = r"""[!#$%&'*+.^_`|~0-9A-Za-z-]+=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"[^"\\]*")"""
_ELEMENT: Final = re.compile(rf"{_PAIR}(?:[ \t]*;[ \t]*{_PAIR})*")
_MOST_CHARACTERS: Final = 256
_UNKNOWN: Final = "unknown"


def parse_network(text: str) -> Network:
    """A network as settings name it: ``10.0.0.0/8``, ``2001:db8::/32``, or one address.

    Raises:
        ValueError: It is none, or has bits set beyond its mask.
    """
    network = ip_network(text.strip())
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None:
        raise ValueError(f"{text} is IPv4 as IPv6: write it as IPv4")
    return network


def parse_address(text: str) -> Address | None:
    """An address; IPv4 that came as IPv6 (``::ffff:192.0.2.1``, RFC 4291 §2.5.5.2) is IPv4. None if it is none."""
    try:
        address = ip_address(text.partition("%")[0])  # a zone is of this machine alone
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=1024)
def network_of(address: str | None) -> str:
    """What shares a limit with an address: itself for IPv4, its /64 for IPv6.

    What is no address, as behind a Unix socket, is one network of its own.
    """
    found = None if address is None else parse_address(address)
    if found is None:
        return _UNKNOWN
    if isinstance(found, IPv4Address):
        return str(found)
    return str(IPv6Network((int(found) >> (128 - _SUBSCRIBER) << (128 - _SUBSCRIBER), _SUBSCRIBER)))


def client_address(
    peer: str | None, forwarded: Sequence[bytes], *, header: str, trusted: Sequence[Network]
) -> str | None:
    """The address that a request came from, as far as whoever is trusted says so.

    The chain is walked from the right, which is what the nearest proxy wrote: each address is believed if the one
    that named it is trusted. The first that is not trusted is the client's; what stands further left, it may have
    made up. A malformed entry ends the walk at the proxy that passed it on.

    Args:
        peer: Who is connected to the server.
        forwarded: The lines of the header, in order.
        header: Which one they are of: ``x-forwarded-for``, or ``forwarded`` (RFC 7239).
        trusted: Networks of proxies.
    """
    address = None if peer is None else parse_address(peer)
    if address is None or not _is_in(address, trusted):
        return peer
    read = _forwarded if header == "forwarded" else _x_forwarded_for
    for hop in read(forwarded):
        before = _node(hop)
        if before is None:
            break
        address = before
        if not _is_in(address, trusted):
            break
    return str(address)


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _node(text: str) -> Address | None:
    match = _WITH_PORT.fullmatch(text)
    return parse_address((match["four"] or match["six"]) if match else text)


def _x_forwarded_for(lines: Sequence[bytes]) -> list[str]:
    """The entries of X-Forwarded-For, the last one first."""
    entries = b",".join(lines).decode("latin-1").split(",")
    return [entry.strip() for entry in entries[: -_MOST_HOPS - 1 : -1]]


def _forwarded(lines: Sequence[bytes]) -> list[str]:
    """The ``for`` of each element of Forwarded (RFC 7239 §4), the last one first; "" where an element is malformed.

    Elements are taken apart at every comma, though a quoted string may contain one: an opening quote that a stranger
    sent could otherwise swallow what the proxy wrote behind it. What such a comma leaves is malformed.
    """
    return [_for(element) for element in _x_forwarded_for(lines)]


def _for(element: str) -> str:
    if len(element) > _MOST_CHARACTERS or not _ELEMENT.fullmatch(element):
        return ""
    pairs = (pair.strip().partition("=") for pair in element.split(";"))
    named = [value.strip('"') for name, _, value in pairs if name.lower() == "for"]
    return named[0] if len(named) == 1 else ""
