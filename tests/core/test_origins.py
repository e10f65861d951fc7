"""Origins in configuration, and hosts that can only be this machine."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handstamp.core.errors import ConfigurationError
from handstamp.core.origins import is_loopback_host, is_loopback_origin, parse_origin
from vectors import load

CONFIGURED: list[dict[str, Any]] = load("csrf/cross_origin_cases.json")["trusted_origin_config"]


@pytest.mark.parametrize("case", CONFIGURED, ids=lambda case: case["value"] or "empty")
def test_vector_of_configuration(case: dict[str, Any]) -> None:
    """Only ``scheme://host[:port]`` is taken, and these are normal already (CSR-03)."""
    if case["valid"]:
        assert parse_origin(case["value"]) == case["value"]
    else:
        with pytest.raises(ConfigurationError):
            parse_origin(case["value"])


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("HTTPS://App.Example.COM", "https://app.example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:80", "http://example.com"),
        ("http://example.com:443", "http://example.com:443"),
        ("http://localhost:08000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[0:0::1]:8000", "http://[::1]:8000"),
        ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://my_service", "http://my_service"),
        ("https://1.example", "https://1.example"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(value: str, origin: str) -> None:
    """So that the header can be compared whole."""
    assert parse_origin(value) == origin


@pytest.mark.parametrize(
    "value",
    [
        "ftp://example.com",
        "//example.com",
        "https:example.com",
        "https://user@example.com",
        "https://example.com:",
        "https://example.com:0",
        "https://example.com:65536",
        "https://example.com:٨٠",
        "https://*.example.com",
        "https://example.com.",
        "https://-a.example",
        "https://a..example",
        "https://bücher.example",
        "http\u017f://example.com",
        "https://example.com\n",
        " https://example.com",
        "https://" + "a." * 130 + "example",
        "https://" + "a" * 64,
        "http://127.1",
        "http://2130706433",
        "http://0x7f.0.0.1",
        "http://127.0.0.01",
        "http://[::1",
        "http://[:::]",
        "http://[::ffff:127.0.0.1]",
        "http://[::ffff:7f00:1]",
        "http://[fe80::1%25eth0]",
    ],
)
def test_what_no_browser_sends_is_no_origin(value: str) -> None:
    """It would never compare equal, or to something else than meant; the message says what to write."""
    with pytest.raises(ConfigurationError, match="write scheme://host"):
        parse_origin(value)


def test_the_message_shows_no_password() -> None:
    """A URL pasted into the setting may hold one."""
    with pytest.raises(ConfigurationError) as raised:
        parse_origin("https://admin:hunter2@example.com")
    assert "hunter2" not in str(raised.value)


@given(value=st.from_regex(r"https?://[a-z0-9.:\[\]-]{1,20}(:[0-9]{1,6})?", fullmatch=True))
@example(value="http://0.0.0.0:1")
def test_a_parsed_origin_is_its_own_parse(value: str) -> None:
    """Normal form is reached at once."""
    try:
        origin = parse_origin(value)
    except ConfigurationError:
        return
    assert parse_origin(origin) == origin


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST", "app.localhost", "a.b.localhost", "127.0.0.1", "127.255.255.254", "::1", "[::1]"],
)
def test_a_loopback_host_is_known(host: str) -> None:
    """Plain http is for these alone."""
    assert is_loopback_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost.example",
        "notlocalhost",
        ".localhost",
        "a..localhost",
        "localhost:8000",
        "127.0.0.1.example",
        "128.0.0.1",
        "0.0.0.0",  # noqa: S104  not bound to
        "127.1",
        "10.0.0.1",
        "::",
        "[::]",
        "[::ffff:127.0.0.1]",
        "localhost\n",
        "\uff11\uff12\uff17.0.0.1",
    ],
)
def test_any_other_host_is_not_loopback(host: str) -> None:
    """In doubt it is not."""
    assert not is_loopback_host(host)


@pytest.mark.parametrize(
    "origin", ["http://localhost:8000", "https://app.localhost", "http://127.0.0.1", "http://[::1]:80"]
)
def test_a_loopback_origin_is_known(origin: str) -> None:
    """With any port, by http or https."""
    assert is_loopback_origin(origin)


@pytest.mark.parametrize(
    "origin", ["http://example.com", "http://[::2]", "localhost", "http://localhost@example.com", "ftp://localhost"]
)
def test_any_other_origin_is_not_loopback(origin: str) -> None:
    """Neither another host nor what is no origin."""
    assert not is_loopback_origin(origin)
