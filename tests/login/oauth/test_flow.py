"""What survives between the redirect out and the callback."""

import json
from dataclasses import fields, replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.errors import LoginFailed
from handstamp.login.oauth.flow import FLOW_LIFETIME, Flow, callback_parameters, cookie_key_of, same
from login.oauth.exchanges import NOW

FLOW = Flow.start(provider="x", issuer="https://x.com", now=NOW, state="the-state", verifier="v", nonce="n")
OAUTH1 = Flow.start(provider="x", issuer="https://x.com", now=NOW, request_token="rt", request_token_secret="rs")


def test_a_flow_survives_its_bytes() -> None:
    """Every member comes back."""
    flow = replace(FLOW, return_to="/a?b=ü", remember=True)
    assert Flow.from_bytes(flow.to_bytes()) == flow
    assert Flow.from_bytes(OAUTH1.to_bytes()) == OAUTH1


def test_a_flow_begun_at_a_whole_second_survives_its_bytes() -> None:
    """An int for a time is made a float at the start."""
    flow = Flow.start(provider="x", issuer="https://x.com", now=1_800_000_000, state="s")
    assert Flow.from_bytes(flow.to_bytes()) == flow


@pytest.mark.parametrize("name", [field.name for field in fields(Flow)])
def test_a_flow_that_lacks_a_member_is_unknown(name: str) -> None:
    """As after an upgrade that added one."""
    members = json.loads(FLOW.to_bytes())
    del members[name]
    with pytest.raises(LoginFailed) as failure:
        Flow.from_bytes(json.dumps(members).encode())
    assert failure.value.reason == "flow_unknown"


@pytest.mark.parametrize(
    ("name", "value"),
    [("state", 1), ("remember", "yes"), ("remember", 1), ("expires_at", True), ("id", None), ("extra", "x")],
)
def test_a_flow_with_an_odd_member_is_unknown(name: str, value: object) -> None:
    """Types are those of the annotations."""
    with pytest.raises(LoginFailed) as failure:
        Flow.from_bytes(json.dumps({**json.loads(FLOW.to_bytes()), name: value}).encode())
    assert failure.value.reason == "flow_unknown"


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_an_unknown_flow(data: bytes) -> None:
    """No other exception leaves."""
    with pytest.raises(LoginFailed) as failure:
        Flow.from_bytes(data)
    assert failure.value.reason == "flow_unknown"


def test_a_flow_has_an_id_of_its_own_and_an_end() -> None:
    """The id is what the store uses up (OAU-01)."""
    other = Flow.start(provider="x", issuer="https://x.com", now=NOW, state="the-state")
    assert FLOW.id != other.id
    assert FLOW.expires_at == NOW + FLOW_LIFETIME


def test_no_secret_of_a_flow_is_in_its_repr() -> None:
    """State, verifier, nonce and request token are for the cookie only."""
    flow = replace(
        OAUTH1,
        state="s3cret",
        verifier="s3cret",
        nonce="s3cret",
        request_token="s3cret",
        request_token_secret="s3cret",
    )
    assert "s3cret" not in repr(flow)


@pytest.mark.parametrize("age", [-60.0, 0.0, FLOW_LIFETIME - 1])
def test_a_flow_goes_on_in_its_own_provider_and_time(age: float) -> None:
    """A clock that is behind is no reason to refuse."""
    FLOW.require(provider="x", issuer="https://x.com", now=NOW + age)


@pytest.mark.parametrize(
    ("provider", "issuer", "age"),
    [("google", "https://x.com", 0.0), ("x", "https://evil.example", 0.0), ("x", "https://x.com", FLOW_LIFETIME)],
)
def test_a_flow_goes_on_nowhere_else(provider: str, issuer: str, age: float) -> None:
    """Another provider is a mix-up (OAU-04), another time a replay (OAU-01)."""
    with pytest.raises(LoginFailed) as failure:
        FLOW.require(provider=provider, issuer=issuer, now=NOW + age)
    assert failure.value.reason == "flow_unknown"


def test_the_callback_finds_the_cookie_by_the_state() -> None:
    """By a hash, since the name of a cookie is no secret."""
    assert cookie_key_of({"state": "the-state", "code": "c"}) == FLOW.cookie_key
    assert "the-state" not in FLOW.cookie_key
    assert len(FLOW.cookie_key) == 22


@pytest.mark.parametrize("name", ["oauth_token", "denied"])
def test_the_callback_of_oauth1_finds_the_cookie_by_the_request_token(name: str) -> None:
    """OAuth 1.0a has no state (OAU-12)."""
    assert cookie_key_of({name: "rt"}) == OAUTH1.cookie_key


@pytest.mark.parametrize("parameters", [{}, {"state": ""}, {"code": "c"}])
def test_a_callback_that_names_no_flow_finds_no_cookie(parameters: dict[str, str]) -> None:
    """There is nothing to look for."""
    assert cookie_key_of(parameters) is None


def test_a_flow_without_state_or_request_token_has_no_cookie() -> None:
    """No protocol makes one."""
    with pytest.raises(ValueError, match="a state or a request token"):
        _ = replace(FLOW, state=None).cookie_key


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")), max_size=5))
def test_parameters_of_a_callback_are_read(parameters: dict[str, str]) -> None:
    """Whatever can be encoded comes back, and finds a cookie or none."""
    assert callback_parameters(urlencode(parameters)) == parameters
    cookie_key_of(parameters)


@pytest.mark.parametrize("query", ["state=a&state=b", "code=%FF", "&".join(f"a{n}=" for n in range(101))])
def test_parameters_that_could_be_read_in_two_ways_are_refused(query: str) -> None:
    """Which state counts must not be a question (RFC 6749 §3.1)."""
    with pytest.raises(LoginFailed) as failure:
        callback_parameters(query)
    assert failure.value.reason == "invalid_response"


@pytest.mark.parametrize(
    ("expected", "presented", "equal"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("a", None, False),
        (None, "a", False),
        (None, None, False),
        ("", "", False),
        ("a", "ü\ud800", False),
    ],
)
def test_what_is_missing_is_never_the_same(expected: str | None, presented: str | None, *, equal: bool) -> None:
    """Two absent states do not match: the classic hole (OAU-01)."""
    assert same(expected, presented) is equal
