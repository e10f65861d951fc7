"""Addresses and networks: who is counted together, and who is believed about where a request came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.networks import Network, client_address, network_of, parse_network

PROXIES = tuple(parse_network(text) for text in ("10.0.0.0/8", "2001:db8:ffff::/48"))
PROXY = "10.0.0.1"


def seen(
    *lines: str, peer: str | None = PROXY, header: str = "x-forwarded-for", trusted: tuple[Network, ...] = PROXIES
) -> str | None:
    """The address that a request with these header lines came from."""
    return client_address(peer, [line.encode("latin-1") for line in lines], header=header, trusted=trusted)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("", "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_an_ipv4_address_is_a_network_and_an_ipv6_subscriber_is_one(address: str | None, network: str) -> None:
    """Whoever has a /64 has 2^64 addresses, and one bucket; IPv4 written as IPv6 is the same IPv4."""
    assert network_of(address) == network


@pytest.mark.parametrize("text", ["", "10.0.0.1/8", "10.0.0.0/33", "example.com", "::ffff:10.0.0.0/104"])
def test_what_is_no_network_is_refused(text: str) -> None:
    """A typing error does not trust anybody else."""
    with pytest.raises(ValueError, match=r"does not appear|has host bits|write it as IPv4"):
        parse_network(text)


def test_nobody_is_believed_by_default() -> None:
    """Anybody can send the header."""
    assert seen("192.0.2.1", peer="198.51.100.9", trusted=()) == "198.51.100.9"


def test_a_stranger_is_not_believed() -> None:
    """Only those are who are trusted."""
    assert seen("192.0.2.1", peer="198.51.100.9") == "198.51.100.9"


def test_a_peer_without_address_is_nobody() -> None:
    """Behind a Unix socket there is none."""
    assert seen("192.0.2.1", peer=None) is None


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        (["192.0.2.1"], "192.0.2.1"),
        (["6.6.6.6, 192.0.2.1"], "192.0.2.1"),
        (["6.6.6.6", "192.0.2.1, 10.2.2.2"], "192.0.2.1"),
        (["192.0.2.1:4711"], "192.0.2.1"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["[2001:db8::7]"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["::ffff:192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1, 2001:db8:ffff::5"], "192.0.2.1"),
        (["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ([], PROXY),
        ([""], PROXY),
        (["192.0.2.1, nonsense"], PROXY),
        (["192.0.2.1, nonsense, 10.2.2.2"], "10.2.2.2"),
        (["192.0.2.1, unknown"], PROXY),
    ],
)
def test_the_chain_is_walked_from_the_right_past_those_who_are_trusted(lines: list[str], address: str) -> None:
    """What stands further left, a stranger may have written; what is malformed ends the walk."""
    assert seen(*lines) == address


def test_a_long_chain_of_proxies_is_not_walked_to_its_end() -> None:
    """Thousands of entries cost as much as thirty."""
    assert seen("192.0.2.1," + ",".join(["10.2.2.2"] * 5000)) == "10.2.2.2"


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("for=192.0.2.1", "192.0.2.1"),
        ("For=192.0.2.1;proto=https;by=203.0.113.43", "192.0.2.1"),
        ('for=6.6.6.6, for="[2001:db8::7]:4711"', "2001:db8::7"),
        ('for="192.0.2.1:4711" ; host="app.example"', "192.0.2.1"),
        ("for=unknown", PROXY),
        ("for=_hidden", PROXY),
        ("proto=https", PROXY),
        ("for=192.0.2.1;for=6.6.6.6", PROXY),
        ("192.0.2.1", PROXY),
        (f"for=192.0.2.1;host={'x' * 300}", PROXY),
    ],
)
def test_forwarded_is_read_where_it_is_the_one_that_proxies_write(line: str, address: str) -> None:
    """RFC 7239 §4 and §6."""
    assert seen(line, header="forwarded") == address


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ('for=6.6.6.6;a=", for=192.0.2.1', "192.0.2.1"),
        ('for=6.6.6.6;a=", for="[2001:db8::7]"', "2001:db8::7"),
        ('for=192.0.2.1;host="x, for=6.6.6.6"', PROXY),
        ('for=192.0.2.1;host="x, for=6.6.6.6;b="', PROXY),
        ('for=192.0.2.1;host="x, for=6.6.6.6, "', PROXY),
        ('for=192.0.2.1;host="x, for=6.6.6.6;b=\\""', PROXY),
    ],
)
def test_a_quote_of_a_stranger_swallows_nothing_and_makes_nothing_up(line: str, address: str) -> None:
    """Neither one that they sent before the proxy wrote, nor one in a host name that the proxy passes on."""
    assert seen(line, header="forwarded") == address


@given(st.lists(st.binary(max_size=60), max_size=5), st.sampled_from(["x-forwarded-for", "forwarded"]))
def test_whatever_comes_an_address_comes_out(lines: list[bytes], header: str) -> None:
    """No header raises, and what comes out has a network."""
    address = client_address(PROXY, lines, header=header, trusted=PROXIES)
    assert network_of(address) != "unknown"
