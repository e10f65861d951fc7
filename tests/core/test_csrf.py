"""The cross-origin check: what browsers say of a request, and what follows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.csrf import SAFE_METHODS, check_cross_origin, check_websocket_origin
from handstamp.core.errors import CrossOrigin
from handstamp.core.policy import OriginPolicy
from vectors import load

OURS = "https://example.com"
TRUSTED = "https://trusted.example"
POLICY = OriginPolicy(origin=OURS, trusted_origins=frozenset({TRUSTED}))

CASES: list[dict[str, Any]] = load("csrf/cross_origin_cases.json")["cases"]


def name_of(case: dict[str, Any]) -> str:
    """What a case is about."""
    trust = "-trusting" if case.get("trusted") else ""
    return f"{case['method']}-{case['sec_fetch_site']}-{case['origin']}{trust}"


def lines(value: str | None) -> list[bytes]:
    """The lines of one header."""
    return [] if value is None else [value.encode()]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_vector_is_decided_as_wanted(case: dict[str, Any]) -> None:
    """What only Go lets in, as it knows no scheme of its own, is refused too (CSR-01, CSR-02)."""
    policy = OriginPolicy(origin=OURS, trusted_origins=frozenset(case.get("trusted", [])))
    arguments: dict[str, Any] = {
        "method": case["method"],
        "origins": lines(case["origin"]),
        "fetch_sites": lines(case["sec_fetch_site"]),
        "carries_cookie": True,
    }
    if case["expect"] == "allow":
        check_cross_origin(policy, **arguments)
    else:
        with pytest.raises(CrossOrigin):
            check_cross_origin(policy, **arguments)


@pytest.mark.parametrize("method", sorted(SAFE_METHODS))
def test_a_safe_method_passes_from_anywhere(method: str) -> None:
    """Exactly GET, HEAD and OPTIONS change nothing."""
    assert {"GET", "HEAD", "OPTIONS"} == SAFE_METHODS
    check_cross_origin(
        POLICY, method=method, origins=[b"https://attacker.example"], fetch_sites=[b"cross-site"], carries_cookie=True
    )


def test_without_our_cookie_there_is_nothing_to_ride_on() -> None:
    """A request that authenticates in another way is not ours to refuse (CSR-06)."""
    check_cross_origin(
        POLICY, method="POST", origins=[b"https://app.example"], fetch_sites=[b"cross-site"], carries_cookie=False
    )


def test_sign_in_is_checked_without_a_cookie() -> None:
    """Whoever does not speak of the cookie gets the check: login CSRF needs none (CSR-05)."""
    with pytest.raises(CrossOrigin):
        check_cross_origin(POLICY, method="POST", origins=[b"https://attacker.example"], fetch_sites=[])


@pytest.mark.parametrize("fetch_sites", [[], [b"same-origin"], [b"cross-site"], [b"garbage"]])
@pytest.mark.parametrize("origin", [OURS, TRUSTED])
def test_an_allowed_origin_passes_whatever_the_fetch_site(origin: str, fetch_sites: list[bytes]) -> None:
    """Origin is examined first (CSR-03)."""
    check_cross_origin(POLICY, method="POST", origins=[origin.encode()], fetch_sites=fetch_sites)
    check_websocket_origin(POLICY, origins=[origin.encode()], fetch_sites=fetch_sites, carries_cookie=True)


@pytest.mark.parametrize(
    "origins",
    [
        [b"null"],
        [b""],
        [b"https://sub.example.com"],
        [b"https://EXAMPLE.com"],
        [b"https://example.com/"],
        [b"https://example.com:443"],
        [b"http://example.com"],
        [b"https://example.com, https://example.com"],
        [b"https://example.com", b"https://example.com"],
        [b"https://example.com", b"https://attacker.example"],
        [b"https://example.com\xe9"],
    ],
)
def test_an_origin_that_is_not_ours_to_the_letter_is_refused(origins: list[bytes]) -> None:
    """Compared whole, one line only, even if the fetch site is well (CSR-01, CSR-02, CSR-03)."""
    with pytest.raises(CrossOrigin):
        check_cross_origin(POLICY, method="POST", origins=origins, fetch_sites=[b"same-origin"])
    with pytest.raises(CrossOrigin):
        check_websocket_origin(POLICY, origins=origins, fetch_sites=[b"same-origin"], carries_cookie=False)


@pytest.mark.parametrize("site", [b"same-origin", b"none"])
def test_without_origin_the_fetch_site_vouches(site: bytes) -> None:
    """From our own page, or by the user's own hand (CSR-01)."""
    check_cross_origin(POLICY, method="POST", origins=[], fetch_sites=[site])
    check_websocket_origin(POLICY, origins=[], fetch_sites=[site], carries_cookie=True)


@pytest.mark.parametrize(
    "fetch_sites",
    [[b"same-site"], [b"cross-site"], [b""], [b"Same-Origin"], [b"same-origin "], [b"same-origin", b"same-origin"]],
)
def test_any_other_fetch_site_is_refused(fetch_sites: list[bytes]) -> None:
    """A sibling subdomain is another site to us, and garbage or a second line is no voucher (CSR-01, CSR-02)."""
    with pytest.raises(CrossOrigin):
        check_cross_origin(POLICY, method="POST", origins=[], fetch_sites=fetch_sites)
    with pytest.raises(CrossOrigin):
        check_websocket_origin(POLICY, origins=[], fetch_sites=fetch_sites, carries_cookie=True)


def test_a_program_that_sends_neither_header_passes() -> None:
    """The one case that fails open."""
    check_cross_origin(POLICY, method="POST", origins=[], fetch_sites=[], carries_cookie=True)


def test_a_websocket_with_our_cookie_and_neither_header_is_refused() -> None:
    """Browsers always send Origin with a handshake; the message says what to send."""
    with pytest.raises(CrossOrigin, match=r"Origin: https://example\.com"):
        check_websocket_origin(POLICY, origins=[], fetch_sites=[], carries_cookie=True)


def test_a_websocket_without_our_cookie_may_be_silent() -> None:
    """A program that authenticates in another way need not pretend to be a browser."""
    check_websocket_origin(POLICY, origins=[], fetch_sites=[], carries_cookie=False)


def test_the_message_says_what_was_seen_and_what_to_do() -> None:
    """Whoever set the application up wrongly can mend it from the message."""
    with pytest.raises(CrossOrigin, match=r"'http://example\.com'.* https://example\.com.*trusted origins"):
        check_cross_origin(POLICY, method="POST", origins=[b"http://example.com"], fetch_sites=[])


@pytest.mark.parametrize("header", ["origins", "fetch_sites"])
def test_the_message_cannot_be_forged(header: str) -> None:
    """Header values are cut and made printable."""
    hostile = b"x\r\n\x1b[2J\xff" + b"y" * 10_000
    arguments: dict[str, Any] = {"origins": [], "fetch_sites": [], header: [hostile, hostile]}
    with pytest.raises(CrossOrigin) as raised:
        check_cross_origin(POLICY, method="POST", **arguments)
    message = str(raised.value)
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 400


def origins_like_ours() -> st.SearchStrategy[bytes]:
    """Anything, and things that begin, end or look like an allowed origin."""
    fragments = [
        "https",
        "http",
        "://",
        ":",
        "/",
        "@",
        ".",
        "example",
        "com",
        "trusted",
        "null",
        " ",
        "443",
        "%",
        ",",
    ]
    made = st.lists(st.sampled_from([*fragments, OURS, TRUSTED, OURS.upper()]), max_size=6).map("".join)
    return st.one_of(made.map(str.encode), st.binary(max_size=40))


@given(
    origins=st.lists(origins_like_ours(), min_size=1, max_size=2),
    fetch_sites=st.lists(st.sampled_from([b"same-origin", b"none", b"cross-site"]), max_size=2),
    method=st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "get", "", "QUERY"]),
)
def test_no_origin_passes_but_the_allowed_ones(origins: list[bytes], fetch_sites: list[bytes], method: str) -> None:
    """Whatever is sent, the request passes only if it names exactly one allowed origin (CSR-03)."""
    allowed = origins in ([OURS.encode()], [TRUSTED.encode()])
    for check, arguments in ((check_cross_origin, {"method": method}), (check_websocket_origin, {})):
        try:
            check(POLICY, origins=origins, fetch_sites=fetch_sites, carries_cookie=True, **arguments)
            passed = True
        except CrossOrigin:
            passed = False
        assert passed == allowed
