"""OAuth 1.0a: the signature, and the three legs."""

import re
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth1 import Client

from handstamp.login.oauth import oauth1
from handstamp.login.oauth.exchange import HTTPRequest, HTTPResponse
from handstamp.login.oauth.oauth1 import Credentials
from login.oauth.exchanges import CALLBACK, NOW, answer, drive, refused

CLIENT = Credentials("ck", "cs")
TOKEN = Credentials("rt", "rs")
REQUEST_TOKEN_URL = "https://api.x.com/oauth/request_token"
ACCESS_TOKEN_URL = "https://api.x.com/oauth/access_token"


def _parameters(request: HTTPRequest) -> dict[str, str]:
    found = re.findall(r'(\w+)="([^"]*)"', request.headers["authorization"])
    return {name: unquote(value) for name, value in found}


def _form(**parameters: str) -> HTTPResponse:
    return HTTPResponse(200, {}, urlencode(parameters).encode())


# The example session of RFC 5849 §1.2, whose signatures any implementation has to reproduce.
PRINTER = Credentials("dpf43f3p2l4k3l03", "kd94hf93k423kf44")
TEMPORARY = Credentials("hh5s93j4hdidpola", "hdhd0244k9j7ao03")
GRANTED = Credentials("nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")


@pytest.mark.parametrize(
    ("method", "url", "token", "nonce", "timestamp", "more", "expected"),
    [
        (
            *("POST", "https://photos.example.net/initiate", None, "wIjqoS", "137131200"),
            {"oauth_callback": "http://printer.example.com/ready"},
            "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
        ),
        (
            *("POST", "https://photos.example.net/token", TEMPORARY, "walatlh", "137131201"),
            {"oauth_verifier": "hfdp7dh39dks9884"},
            "gKgrFCywp7rO0OXSjdot/IHF7IU=",
        ),
        (
            *("GET", "http://photos.example.net/photos?file=vacation.jpg&size=original", GRANTED),
            *("chapoH", "137131202", {}),
            "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
        ),
    ],
    ids=["temporary-credentials", "token-credentials", "protected-resource"],
)
def test_the_example_of_the_rfc_comes_out(
    method: str,
    url: str,
    token: Credentials | None,
    nonce: str,
    timestamp: str,
    more: dict[str, str],
    expected: str,
) -> None:
    """All three requests of RFC 5849 §1.2 (OAU-12)."""
    header = oauth1.authorization(method, url, PRINTER, token, now=float(timestamp) + 0.9, nonce=nonce, **more)
    sent = _parameters(HTTPRequest(method, url, {"authorization": header}))
    assert sent["oauth_timestamp"] == timestamp
    assert sent["oauth_signature"] == expected


_TEXT = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


@given(
    key=_TEXT,
    secret=st.text(max_size=20),
    token=_TEXT,
    verifier=_TEXT,
    path=st.sampled_from(["", "/", "/a%20b", "/ä"]),
)
def test_oauthlib_signs_the_same(key: str, secret: str, token: str, verifier: str, path: str) -> None:
    """A second implementation agrees on every odd character."""
    url = f"HTTPS://API.x.com:443{path}?b=2&a=%26&c="
    parameters = {
        "oauth_consumer_key": key,
        "oauth_nonce": "n0nce",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "1800000000",
        "oauth_version": "1.0",
        "oauth_token": token,
        "oauth_verifier": verifier,
    }
    theirs: Any = Client(
        key,
        client_secret=secret,
        resource_owner_key=token,
        resource_owner_secret=secret,
        verifier=verifier,
        nonce="n0nce",
        timestamp="1800000000",
    )
    _, headers, _ = theirs.sign(url, "POST")
    expected = _parameters(HTTPRequest("POST", url, {"authorization": headers["Authorization"]}))["oauth_signature"]
    ours = oauth1.signature("post", url, parameters, Credentials(key, secret), Credentials(token, secret))
    assert ours == expected


def test_a_port_that_is_not_the_default_is_signed() -> None:
    """RFC 5849 §3.4.1.2."""
    assert oauth1.base_string("GET", "http://Example.com:8080/r", {}) == "GET&http%3A%2F%2Fexample.com%3A8080%2Fr&"
    assert oauth1.base_string("GET", "http://Example.com:80/r", {}) == "GET&http%3A%2F%2Fexample.com%2Fr&"


def test_no_two_requests_have_the_same_nonce() -> None:
    """And each has the time that it was given (OAU-12)."""
    headers = {oauth1.authorization("GET", "https://a.example/", CLIENT, now=NOW) for _ in range(20)}
    sent = [_parameters(HTTPRequest("GET", "", {"authorization": header})) for header in headers]
    assert len({parameters["oauth_nonce"] for parameters in sent}) == 20
    assert {parameters["oauth_timestamp"] for parameters in sent} == {"1800000000"}


def test_secrets_of_credentials_are_in_no_repr() -> None:
    """OAU-13."""
    assert "cs" not in repr(CLIENT).replace("Credentials", "")


def test_a_request_token_is_asked_for_with_the_callback() -> None:
    """The first leg: the callback is part of what is signed."""
    exchange = oauth1.begin(REQUEST_TOKEN_URL, CLIENT, callback_url=CALLBACK, now=NOW)
    response = _form(oauth_token="rt", oauth_token_secret="rs", oauth_callback_confirmed="true")
    token, (request,) = drive(exchange, response)
    assert token == TOKEN
    assert (request.method, request.url) == ("POST", REQUEST_TOKEN_URL)
    assert _parameters(request)["oauth_callback"] == CALLBACK
    assert "oauth_token" not in _parameters(request)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (HTTPResponse(200, {}, b"oauth_token=rt&oauth_token_secret=rs"), "invalid_response"),
        (
            HTTPResponse(200, {}, b"oauth_token=rt&oauth_token_secret=rs&oauth_callback_confirmed=false"),
            "invalid_response",
        ),
        (HTTPResponse(200, {}, b"oauth_token=rt&oauth_callback_confirmed=true"), "invalid_response"),
        (
            HTTPResponse(200, {}, b"oauth_token=&oauth_token_secret=rs&oauth_callback_confirmed=true"),
            "invalid_response",
        ),
        (HTTPResponse(200, {}, b"oauth_token=a&oauth_token=b"), "invalid_response"),
        (HTTPResponse(200, {}, b"\xff"), "invalid_response"),
        (HTTPResponse(401, {}, b'{"errors":[{"code":32}]}'), "provider_error"),
        (HTTPResponse(302, {"location": "https://evil.example"}), "provider_error"),
        (HTTPResponse(503), "provider_unavailable"),
    ],
    ids=["unconfirmed", "denied", "no-secret", "empty", "twice", "garbage", "refused", "redirect", "down"],
)
def test_a_bad_answer_to_the_first_leg_ends_the_sign_in(response: HTTPResponse, reason: str) -> None:
    """Without ``oauth_callback_confirmed`` the provider speaks 1.0, whose tokens could be fixed (OAU-12)."""
    assert refused(oauth1.begin(REQUEST_TOKEN_URL, CLIENT, callback_url=CALLBACK, now=NOW), response) == reason


def test_the_browser_goes_to_the_provider_with_the_request_token() -> None:
    """The second leg; a query that the endpoint has is kept."""
    assert oauth1.authenticate_url("https://a.example/x", "r&t") == "https://a.example/x?oauth_token=r%26t"
    assert oauth1.authenticate_url("https://a.example/x?a=1", "rt") == "https://a.example/x?a=1&oauth_token=rt"


def test_the_verifier_goes_with_the_request_token() -> None:
    """The third leg."""
    exchange = oauth1.finish(ACCESS_TOKEN_URL, CLIENT, TOKEN, verifier="ver", now=NOW)
    token, (request,) = drive(exchange, HTTPResponse(200, {}, b"oauth_token=at&oauth_token_secret=as&user_id=42"))
    assert token == Credentials("at", "as")
    assert _parameters(request)["oauth_verifier"] == "ver"
    assert _parameters(request)["oauth_token"] == "rt"


def test_a_protected_resource_is_read_with_the_access_token() -> None:
    """The query is part of what is signed."""
    account, (request,) = drive(
        oauth1.fetch("https://a.example/?a=1", CLIENT, TOKEN, now=NOW), answer({"id_str": "1"})
    )
    assert account == {"id_str": "1"}
    assert request.method == "GET"
    assert _parameters(request)["oauth_token"] == "rt"
