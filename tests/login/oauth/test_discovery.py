"""The discovery document and the keys: whose, from where, and how often."""

import json
from typing import Any

import pytest

from handstamp.core.jwk import JwkSet
from handstamp.login.oauth.discovery import MAX_AGE, REFETCH_INTERVAL, Discovery, Metadata
from handstamp.login.oauth.exchange import HTTPResponse
from login.oauth.exchanges import NOW, answer, drive, refused
from login.oauth.openid import ISSUER, SigningKey, document

KEY = SigningKey("k1")
NEXT_KEY = SigningKey("k2")
KEYS = answer({"keys": [KEY.public]})


def _known(**members: Any) -> Discovery:
    discovery = Discovery(ISSUER)
    drive(discovery.metadata(NOW), answer(document(**members)))
    return discovery


def test_the_document_is_asked_for_under_the_issuer() -> None:
    """OpenID Connect Discovery §4: after the issuer's own path."""
    metadata, (request,) = drive(Discovery(ISSUER).metadata(NOW), answer(document()))
    assert request.url == "https://idp.example/.well-known/openid-configuration"
    assert metadata == Metadata(
        authorization_endpoint="https://idp.example/auth",
        token_endpoint="https://idp.example/token",
        jwks_uri="https://idp.example/keys",
        userinfo_endpoint="https://idp.example/me",
        revocation_endpoint=None,
        names_itself=False,
        authentication="client_secret_basic",
    )


def test_the_document_may_be_elsewhere_and_is_still_of_the_issuer() -> None:
    """``metadata_url`` moves the document, not the trust."""
    url = "http://localhost:9000/metadata"
    _, (request,) = drive(Discovery(ISSUER, url).metadata(NOW), answer(document()))
    assert request.url == url
    assert refused(Discovery(ISSUER, url).metadata(NOW), answer(document(issuer=url))) == "invalid_response"


@pytest.mark.parametrize(
    "issuer",
    [
        None,
        "",
        1,
        "https://idp.example/",
        "https://IDP.example",
        "http://idp.example",
        "https://evil.example",
        [ISSUER],
    ],
)
def test_a_document_of_another_issuer_is_refused(issuer: object) -> None:
    """Letter for letter (OAU-05)."""
    assert refused(Discovery(ISSUER).metadata(NOW), answer(document(issuer=issuer))) == "invalid_response"


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
@pytest.mark.parametrize(
    "url",
    [
        *(None, "", 1, "/auth", "http://idp.example/auth", "javascript:alert(1)", "https://user@idp.example/"),
        *("http://localhost:6379/", "https://localhost/", "https://127.0.0.1/", "http://[::1]:80/"),
        *("https://169.254.169.254/latest/meta-data", "https://10.0.0.1/", "https://[fd00::1]/", "https://0.0.0.0/"),
    ],
)
def test_an_endpoint_that_must_not_be_spoken_to_is_refused(name: str, url: object) -> None:
    """Neither plain http (OAU-05), nor this machine or a private address by the word of a public one (OAU-08)."""
    assert refused(Discovery(ISSUER).metadata(NOW), answer(document(**{name: url}))) == "invalid_response"


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_an_endpoint_that_is_missing_is_refused(name: str) -> None:
    """Sign-in needs all three."""
    members = document()
    del members[name]
    assert refused(Discovery(ISSUER).metadata(NOW), answer(members)) == "invalid_response"


def test_a_provider_on_this_machine_may_name_this_machine() -> None:
    """As in tests and demonstrations."""
    issuer = "http://localhost:9000"
    members = document(issuer=issuer, token_endpoint="http://127.0.0.1:9000/token")
    metadata, _ = drive(Discovery(issuer).metadata(NOW), answer(members))
    assert metadata.token_endpoint == "http://127.0.0.1:9000/token"


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (HTTPResponse(302, {"location": "https://evil.example/"}), "provider_error"),
        (HTTPResponse(404), "provider_error"),
        (HTTPResponse(503), "provider_unavailable"),
        (HTTPResponse(200, {}, b"<html>"), "invalid_response"),
    ],
    ids=["redirect", "missing", "down", "garbage"],
)
def test_a_document_that_cannot_be_had_is_not_remembered(response: HTTPResponse, reason: str) -> None:
    """A redirect to another issuer's is not followed (OAU-05); the next sign-in asks again."""
    discovery = Discovery(ISSUER)
    assert refused(discovery.metadata(NOW), response) == reason
    drive(discovery.metadata(NOW), answer(document()))


@pytest.mark.parametrize(
    ("members", "authentication"),
    [
        ({}, "client_secret_basic"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, "client_secret_post"),
        (
            {"token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"]},
            "client_secret_basic",
        ),
        ({"token_endpoint_auth_methods_supported": ["none"]}, "client_secret_basic"),
        ({"token_endpoint_auth_methods_supported": "client_secret_post"}, "client_secret_basic"),
    ],
)
def test_the_secret_is_shown_as_the_provider_wants(members: dict[str, Any], authentication: str) -> None:
    """Basic where it may be chosen, or nothing is said."""
    metadata, _ = drive(Discovery(ISSUER).metadata(NOW), answer(document(**members)))
    assert metadata.authentication == authentication


@pytest.mark.parametrize(("value", "promised"), [(True, True), (False, False), ("true", False), (1, False)])
def test_only_true_is_a_promise_to_name_itself(value: object, *, promised: bool) -> None:
    """RFC 9207 §3 (OAU-04)."""
    members = document(authorization_response_iss_parameter_supported=value)
    metadata, _ = drive(Discovery(ISSUER).metadata(NOW), answer(members))
    assert metadata.names_itself is promised


def test_document_and_keys_are_believed_for_an_hour() -> None:
    """And asked for again then (OAU-08)."""
    discovery = _known()
    drive(discovery.keys(NOW), KEYS)
    drive(discovery.keys(NOW + MAX_AGE - 1))
    drive(discovery.metadata(NOW - 60))
    _, requests = drive(discovery.keys(NOW + MAX_AGE), answer(document()), KEYS)
    assert [request.url for request in requests][1] == "https://idp.example/keys"


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (answer({"keys": []}), "invalid_response"),
        (answer({"keys": [{"kty": "oct", "k": "AAAA", "kid": "k"}]}), "invalid_response"),
        (HTTPResponse(200, {}, b"<html>"), "invalid_response"),
        (HTTPResponse(200, {}, b"{" + b" " * 100_000 + b"}"), "invalid_response"),
        (HTTPResponse(301, {"location": "https://evil.example/"}), "provider_error"),
        (HTTPResponse(500), "provider_unavailable"),
    ],
    ids=["empty", "symmetric", "garbage", "huge", "redirect", "down"],
)
def test_keys_that_cannot_be_had_are_not_remembered(response: HTTPResponse, reason: str) -> None:
    """The next sign-in asks again."""
    discovery = _known()
    assert refused(discovery.keys(NOW), response) == reason
    keys, _ = drive(discovery.keys(NOW), KEYS)
    assert keys.find("k1").kid == "k1"


def test_a_set_may_say_whose_each_key_is() -> None:
    """As Microsoft's does; the keys of others say nothing."""
    discovery = _known()
    assert discovery.key_issuer("k1") is None
    other = {**SigningKey("k2").public, "issuer": "https://a.example"}
    drive(discovery.keys(NOW), answer({"keys": [*json.loads(KEYS.body)["keys"], other]}))
    assert (discovery.key_issuer("k1"), discovery.key_issuer("k2")) == (None, "https://a.example")


def test_a_new_key_of_the_provider_is_found() -> None:
    """Without waiting for the hour to end."""
    discovery = _known()
    drive(discovery.keys(NOW), KEYS)
    keys, _ = drive(discovery.keys_again(NOW + 5), answer({"keys": [KEY.public, NEXT_KEY.public]}))
    assert keys.find("k2").kid == "k2"


def test_a_flood_of_unknown_key_ids_makes_one_request_a_minute() -> None:
    """However many ask (OAU-08)."""
    discovery = _known()
    drive(discovery.keys(NOW), KEYS)
    drive(discovery.keys_again(NOW), KEYS)
    for n in range(100):
        drive(discovery.keys_again(NOW + n * 0.5))
    drive(discovery.keys_again(NOW + REFETCH_INTERVAL), KEYS)


def test_while_one_asks_again_others_use_the_keys_that_are_known() -> None:
    """They neither wait nor ask too."""
    discovery = _known()
    drive(discovery.keys(NOW), KEYS)
    slow = discovery.keys_again(NOW)
    next(slow)
    keys: JwkSet
    keys, _ = drive(discovery.keys_again(NOW))
    assert keys.find("k1").kid == "k1"
    slow.close()
