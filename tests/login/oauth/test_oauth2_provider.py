"""A provider of one's own, made of data."""

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import Profile
from handstamp.login.oauth import OAuth2Provider, ProfileMap, Provider
from login.oauth.exchanges import NOW, answer, drive

CALLBACK = "https://app.example/auth/callback/club"


class Club(OAuth2Provider):
    """All that there is to say."""

    id = "club"
    label = "The Club"
    issuer = "https://club.example"
    authorization_url = "https://club.example/authorize"
    token_url = "https://club.example/token"
    profile_url = "https://club.example/me"
    scope = "profile"
    profile_map = ProfileMap(subject="uid", username="nick")


def test_a_provider_of_one_s_own_is_ten_lines() -> None:
    """And keeps every rule."""
    club: Provider = Club("me", "s3cret")
    begun, requests = drive(club.begin(callback_url=CALLBACK, now=NOW))
    assert requests == []
    parameters = {"state": begun.flow.state or "", "code": "c"}
    profile, (token, me) = drive(
        club.finish(begun.flow, parameters, callback_url=CALLBACK, now=NOW),
        answer({"access_token": "at", "token_type": "Bearer"}),
        answer({"uid": "u-1", "nick": "ada", "email": "ada@mail.example", "email_verified": True}),
    )
    assert profile == Profile(issuer="https://club.example", subject="u-1", username="ada", email="ada@mail.example")
    assert (token.url, me.url) == ("https://club.example/token", "https://club.example/me")


def test_its_registration_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under its own prefix."""
    with pytest.raises(ConfigurationError, match="HANDSTAMP_CLUB_CLIENT_ID"):
        Club()
    monkeypatch.setenv("HANDSTAMP_CLUB_CLIENT_ID", "me")
    monkeypatch.setenv("HANDSTAMP_CLUB_CLIENT_SECRET", "s3cret")
    assert Club().path == "/login/club"


@pytest.mark.parametrize("name", ["issuer", "authorization_url", "token_url", "profile_url"])
def test_an_address_that_must_not_be_spoken_to_stops_the_start(name: str) -> None:
    """Each of the four."""
    careless = type("Careless", (Club,), {name: "http://club.example"})
    with pytest.raises(ConfigurationError, match=f"{name} must be an https address"):
        careless("me", "s3cret")
