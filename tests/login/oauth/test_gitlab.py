"""GitLab: gitlab.com, and one of one's own."""

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import Profile
from handstamp.login.oauth import GitLab
from handstamp.login.oauth.flow import Flow
from login.oauth.every_provider import CASES, keys, signed
from login.oauth.exchanges import NOW, answer, drive, query
from login.oauth.openid import document

CASE = CASES["gitlab"]
OWN = "https://git.corp.example/gitlab"


def _at_own(provider: GitLab) -> Profile:
    begun, _ = drive(provider.begin(callback_url=CASE.callback, now=NOW), answer(document(issuer=OWN)))
    flow: Flow = begun.flow
    exchange = provider.finish(flow, CASE.good(flow), callback_url=CASE.callback, now=NOW)
    return drive(exchange, signed({"sub": "574"}, flow, iss=OWN), keys(), answer(CASE.said()))[0]


def test_everything_is_found_from_the_issuer() -> None:
    """The names of scopes are the standard ones; name and address come from userinfo."""
    _, _, url = CASE.begin()
    assert query(url)["scope"] == "openid email profile"
    _, requests = CASE.finish()
    assert [request.method for request in requests] == ["POST", "GET", "GET"]


def test_an_older_release_says_the_user_name_elsewhere() -> None:
    """``nickname``, before there was ``preferred_username``."""
    assert CASE.finish(preferred_username=...)[0].username == "ada"
    assert CASE.finish(preferred_username=..., nickname=...)[0].username is None


def test_a_gitlab_of_one_s_own_is_another_issuer_and_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the application says so: its administrators can verify what they like (OAU-07)."""
    profile = _at_own(GitLab("me", "s3cret", url=f"{OWN}/"))
    assert (profile.issuer, profile.subject, profile.email_verified) == (OWN, "574", False)
    assert _at_own(GitLab("me", "s3cret", url=OWN, trusts_email=True)).email_verified
    monkeypatch.setenv("HANDSTAMP_GITLAB_URL", OWN)
    assert GitLab("me", "s3cret").issuer == OWN


def test_an_address_that_must_not_be_spoken_to_stops_the_start() -> None:
    """Plain http."""
    with pytest.raises(ConfigurationError, match="url must be an https address"):
        GitLab("me", "s3cret", url="http://git.corp.example")
