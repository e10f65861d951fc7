"""GitHub: the account and the list of addresses."""

from typing import Any

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.login.oauth import GitHub
from handstamp.login.oauth.exchange import HTTPResponse
from handstamp.login.oauth.flow import Flow
from login.oauth.every_provider import BEARER, CASES, reason_of
from login.oauth.exchanges import NOW, answer, body, drive, query, refused

CASE = CASES["github"]
ACCOUNT = answer({"id": 583231, "login": "ada", "email": "shown@mail.example"})


def _with_addresses(response: HTTPResponse, provider: GitHub | None = None) -> tuple[str | None, bool]:
    provider = provider or GitHub("me", "s3cret")
    flow = Flow.start(provider="github", issuer=provider.issuer, now=NOW, state="st", verifier="ver")
    exchange = provider.finish(flow, {"state": "st", "code": "c"}, callback_url=CASE.callback, now=NOW)
    profile, _ = drive(exchange, answer(BEARER), ACCOUNT, response)
    return profile.email, profile.email_verified


def _entry(**members: Any) -> dict[str, Any]:
    return {"email": "ada@mail.example", "primary": True, "verified": True, "visibility": None} | members


def test_the_real_endpoints_are_asked() -> None:
    """With the secret in the form, as it is documented, and PKCE."""
    _, _, url = CASE.begin()
    assert url.startswith("https://github.com/login/oauth/authorize?")
    assert query(url)["scope"] == "read:user user:email"
    _, (token, account, addresses) = CASE.finish()
    assert token.url == "https://github.com/login/oauth/access_token"
    assert (body(token)["client_id"], body(token)["client_secret"]) == ("me", "s3cret")
    assert len(body(token)["code_verifier"]) >= 43
    assert token.headers["accept"] == "application/json"
    assert (account.url, addresses.url) == ("https://api.github.com/user", "https://api.github.com/user/emails")


def test_the_callback_names_github_as_github_names_itself() -> None:
    """Since 2026 it does; a callback without it is taken as well (RFC 9207)."""
    provider, flow, _ = CASE.begin()
    exchange = provider.finish(flow, {"state": flow.state or "", "code": "c"}, callback_url=CASE.callback, now=NOW)
    profile, _ = drive(exchange, *CASE.responses(CASE.said(), flow))
    assert profile == CASE.profile
    parameters = CASE.good(flow, iss="https://github.com")
    assert refused(provider.finish(flow, parameters, callback_url=CASE.callback, now=NOW)) == "invalid_response"


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([_entry()], ("ada@mail.example", True)),
        ([_entry(primary=False, email="other@mail.example"), _entry()], ("ada@mail.example", True)),
        ([_entry(verified=False)], ("ada@mail.example", False)),
        ([_entry(verified="true")], ("ada@mail.example", False)),
        ([_entry(verified=False), _entry(primary=False, email="other@mail.example")], ("ada@mail.example", False)),
        ([_entry(primary=False)], (None, False)),
        ([_entry(primary="true")], (None, False)),
        ([_entry(email=None)], (None, False)),
        ([{}], (None, False)),
        ([], (None, False)),
    ],
)
def test_the_primary_address_counts_and_no_other(entries: list[Any], found: tuple[str | None, bool]) -> None:
    """Nor the one that the account shows, of which nothing is said."""
    assert _with_addresses(answer(entries)) == found


@pytest.mark.parametrize("status", [403, 404])
def test_an_app_that_may_not_see_addresses_gets_people_without(status: int) -> None:
    """A GitHub App has the permission or has it not."""
    assert _with_addresses(answer({"message": "Resource not accessible by integration"}, status)) == (None, False)


def test_a_list_of_addresses_that_is_none_ends_the_sign_in() -> None:
    """An object, or a list of anything else."""
    for said in ({}, {"email": "ada@mail.example", "primary": True, "verified": True}, ["ada@mail.example"], "a", 1):
        provider, flow, _ = CASE.begin()
        exchange = provider.finish(flow, CASE.good(flow), callback_url=CASE.callback, now=NOW)
        assert reason_of(exchange, [answer(BEARER), ACCOUNT, answer(said)]) == "invalid_response"


@pytest.mark.parametrize("subject", ["583231", "1", True, 0, -5, 1.0, 10**25])
def test_the_number_is_a_number(subject: object) -> None:
    """Another spelling could be another person."""
    assert CASE.refused(id=subject) == "invalid_response"


def test_a_server_of_one_s_own_is_another_issuer_and_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its user 583231 is somebody else, and its administrators can verify what they like (OAU-07)."""
    provider = GitHub("me", "s3cret", url="https://git.corp.example/")
    assert provider.issuer == "https://git.corp.example/login/oauth"
    assert provider.profile_url == "https://git.corp.example/api/v3/user"
    assert _with_addresses(answer([_entry()]), provider) == ("ada@mail.example", False)
    monkeypatch.setenv("HANDSTAMP_GITHUB_URL", "https://git.corp.example")
    assert GitHub("me", "s3cret").issuer == provider.issuer


@pytest.mark.parametrize("url", ["http://git.corp.example", "git.corp.example", "https://a@git.example", "ftp://x"])
def test_a_server_that_must_not_be_spoken_to_stops_the_start(url: str) -> None:
    """Plain http, no scheme, user information."""
    with pytest.raises(ConfigurationError, match="url must be an https address"):
        GitHub("me", "s3cret", url=url)
