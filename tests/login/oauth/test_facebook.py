"""Facebook: the proof, and what it does not say."""

import hashlib
import hmac
from typing import Any

import pytest

from handstamp.login.oauth import Facebook
from login.oauth.every_provider import CASES
from login.oauth.exchanges import body, query

CASE = CASES["facebook"]


def test_the_real_endpoints_are_asked() -> None:
    """Of one version of the Graph API."""
    _, _, url = CASE.begin()
    assert url.startswith("https://www.facebook.com/v24.0/dialog/oauth?")
    assert query(url)["scope"] == "public_profile email"
    _, (token, account) = CASE.finish()
    assert token.url == "https://graph.facebook.com/v24.0/oauth/access_token"
    assert body(token)["client_secret"] == "s3cret"
    assert account.url.startswith("https://graph.facebook.com/v24.0/me?fields=id%2Cname%2Cemail%2Cpicture")
    assert Facebook("me", "s3cret", version="v25.0").profile_url == "https://graph.facebook.com/v25.0/me"


def test_the_account_is_asked_for_with_a_proof_of_the_secret() -> None:
    """HMAC-SHA256 of the access token, so that a stolen token alone is worth nothing."""
    _, (_, account) = CASE.finish()
    proof = hmac.new(b"s3cret", b"at-secret", hashlib.sha256).hexdigest()
    assert query(account.url)["appsecret_proof"] == proof
    assert account.headers["authorization"] == "Bearer at-secret"


@pytest.mark.parametrize(
    "picture",
    [
        {"data": {"url": "https://pic.example/head.png", "is_silhouette": True}},
        {"data": {"url": "javascript:alert(1)", "is_silhouette": False}},
        {"data": {"is_silhouette": False}},
        {"data": []},
        [],
        "https://pic.example/a.jpg",
        None,
        ...,
    ],
)
def test_a_picture_that_is_none_counts_as_not_said(picture: Any) -> None:
    """The grey head that Facebook draws for people without a picture among them."""
    assert CASE.finish(picture=picture)[0].picture is None


@pytest.mark.parametrize("subject", [10220000000000001, "0", "01", "1e3", "\u0661", "a"])
def test_the_number_is_written_as_a_string(subject: object) -> None:
    """Another spelling could be another person."""
    assert CASE.refused(id=subject) == "invalid_response"
