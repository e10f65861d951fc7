"""Sign-in with X, by both protocols, request by request."""

from typing import Any, Literal

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import Profile
from handstamp.login.oauth import X, oauth2
from handstamp.login.oauth.exchange import HTTPRequest, HTTPResponse
from handstamp.login.oauth.flow import FLOW_LIFETIME, Flow
from handstamp.login.oauth.provider import Begun, Provider
from login.oauth.exchanges import CALLBACK, NOW, answer, body, drive, query, refused

ADA = Profile(
    issuer="https://x.com",
    subject="42",
    name="Ada",
    username="ada",
    picture="https://pbs.example/a.jpg",
)
BEARER = answer({"access_token": "at", "token_type": "bearer"})
REQUEST_TOKEN = HTTPResponse(200, {}, b"oauth_token=rt&oauth_token_secret=rs&oauth_callback_confirmed=true")
ACCESS_TOKEN = HTTPResponse(200, {}, b"oauth_token=at&oauth_token_secret=as&user_id=42&screen_name=ada")


def _x(oauth: Literal["2.0", "1.0a"] = "2.0", **options: Any) -> X:
    defaults: dict[str, Any] = {"client_id": "me", "client_secret": "s3cret"}
    return X(oauth, **(defaults | options))


def _user(**members: Any) -> HTTPResponse:
    ada = {"id": "42", "name": "Ada", "username": "ada", "profile_image_url": "https://pbs.example/a.jpg"}
    return answer({"data": ada | members})


def _account(**members: Any) -> HTTPResponse:
    ada = {"id": 42, "id_str": "42", "name": "Ada", "screen_name": "ada"}
    return answer(ada | {"profile_image_url_https": "https://pbs.example/a.jpg"} | members)


def _begin(provider: X, *responses: HTTPResponse) -> tuple[Begun, list[HTTPRequest]]:
    return drive(provider.begin(callback_url=CALLBACK, now=NOW), *responses)


def _good(flow: Flow) -> dict[str, str]:
    if flow.state is not None:
        return {"state": flow.state, "code": "c"}
    return {"oauth_token": "rt", "oauth_verifier": "ver"}


def _finish(provider: X, flow: Flow, *responses: HTTPResponse) -> tuple[Profile, list[HTTPRequest]]:
    return drive(provider.finish(flow, _good(flow), callback_url=CALLBACK, now=NOW), *responses)


def _refused(
    provider: X, flow: Flow, *responses: HTTPResponse, parameters: dict[str, str] | None = None, age: float = 0.0
) -> str:
    given = _good(flow) if parameters is None else parameters
    return refused(provider.finish(flow, given, callback_url=CALLBACK, now=NOW + age), *responses)


def test_x_is_x_by_either_protocol() -> None:
    """Its names are part of the public API."""
    for provider in (_x(), _x("1.0a")):
        same: Provider = provider
        assert (same.id, same.label, same.issuer) == ("x", "X", "https://x.com")


def test_both_protocols_find_the_same_person() -> None:
    """The numeric id is the subject, so a change of protocol loses nobody (OAU-07)."""
    by2, by1 = _x(), _x("1.0a")
    first, _ = _finish(by2, _begin(by2)[0].flow, BEARER, _user())
    second, _ = _finish(by1, _begin(by1, REQUEST_TOKEN)[0].flow, ACCESS_TOKEN, _account())
    assert first == second == ADA


def test_oauth2_sends_the_browser_out_without_a_request() -> None:
    """With state and PKCE, fresh for each (OAU-01, OAU-02)."""
    begun, requests = _begin(_x())
    flow = begun.flow
    assert requests == []
    assert begun.url.startswith("https://x.com/i/oauth2/authorize?")
    assert query(begun.url) == {
        "response_type": "code",
        "client_id": "me",
        "redirect_uri": CALLBACK,
        "scope": "users.read tweet.read",
        "state": flow.state,
        "code_challenge": oauth2.code_challenge(flow.verifier or ""),
        "code_challenge_method": "S256",
    }
    assert flow.state != _begin(_x())[0].flow.state


def test_oauth2_asks_the_real_endpoints() -> None:
    """A confidential client by Basic, then users/me."""
    provider = _x()
    _, (token, me) = _finish(provider, _begin(provider)[0].flow, BEARER, _user())
    assert token.url == "https://api.x.com/2/oauth2/token"
    assert token.headers["authorization"].startswith("Basic ")
    assert me.url == "https://api.x.com/2/users/me?user.fields=id%2Cname%2Cusername%2Cprofile_image_url"
    assert me.headers["authorization"] == "Bearer at"


def test_oauth2_works_without_a_secret() -> None:
    """A public client."""
    provider = _x(client_secret=None, public_client=True)
    _, (token, _) = _finish(provider, _begin(provider)[0].flow, BEARER, _user())
    assert body(token)["client_id"] == "me"
    assert "authorization" not in token.headers


def test_oauth1_gets_a_request_token_first() -> None:
    """And keeps its secret for the callback (OAU-12)."""
    begun, (request,) = _begin(_x("1.0a"), REQUEST_TOKEN)
    assert (request.method, request.url) == ("POST", "https://api.x.com/oauth/request_token")
    assert begun.url == "https://api.x.com/oauth/authenticate?oauth_token=rt"
    assert (begun.flow.request_token, begun.flow.request_token_secret) == ("rt", "rs")
    assert begun.flow.state is None


def test_oauth1_asks_the_real_endpoints() -> None:
    """The access token, then the account."""
    provider = _x("1.0a")
    _, (token, account) = _finish(provider, _begin(provider, REQUEST_TOKEN)[0].flow, ACCESS_TOKEN, _account())
    assert token.url == "https://api.x.com/oauth/access_token"
    assert 'oauth_verifier="ver"' in token.headers["authorization"]
    assert account.url == (
        "https://api.x.com/1.1/account/verify_credentials.json?include_entities=false&skip_status=true"
    )
    assert 'oauth_token="at"' in account.headers["authorization"]


def test_the_email_address_is_taken_only_when_it_was_asked_for() -> None:
    """Scope and field in 2.0, a parameter in 1.0a; X gives out confirmed ones only."""
    provider = _x(email=True)
    begun, _ = _begin(provider)
    assert query(begun.url)["scope"] == "users.read tweet.read users.email"
    profile, (_, me) = _finish(provider, begun.flow, BEARER, _user(confirmed_email="ada@mail.example"))
    assert (profile.email, profile.email_verified) == ("ada@mail.example", True)
    assert query(me.url)["user.fields"].endswith(",confirmed_email")

    provider = _x("1.0a", email=True)
    begun, _ = _begin(provider, REQUEST_TOKEN)
    profile, (_, account) = _finish(provider, begun.flow, ACCESS_TOKEN, _account(email="ada@mail.example"))
    assert (profile.email, profile.email_verified) == ("ada@mail.example", True)
    assert query(account.url)["include_email"] == "true"


def test_an_email_address_that_was_not_asked_for_is_left() -> None:
    """Whoever sends one unasked is no X that we know."""
    provider = _x()
    assert _finish(provider, _begin(provider)[0].flow, BEARER, _user(confirmed_email="a@b.example"))[0] == ADA
    provider = _x("1.0a")
    flow = _begin(provider, REQUEST_TOKEN)[0].flow
    assert _finish(provider, flow, ACCESS_TOKEN, _account(email="a@b.example"))[0] == ADA


def test_a_person_without_email_address_is_normal() -> None:
    """Asked for, and not there."""
    provider = _x("1.0a", email=True)
    flow = _begin(provider, REQUEST_TOKEN)[0].flow
    assert _finish(provider, flow, ACCESS_TOKEN, _account(email=None))[0] == ADA


@pytest.mark.parametrize(
    "subject", [None, "", "undefined", "null", 42, "0", "007", "-1", "4 2", "٤٢", "1" * 21, "ada"]
)
def test_nobody_is_refused(subject: object) -> None:
    """Only a number names a person (OAU-07)."""
    provider = _x()
    assert _refused(provider, _begin(provider)[0].flow, BEARER, _user(id=subject)) == "invalid_response"
    provider = _x("1.0a")
    flow = _begin(provider, REQUEST_TOKEN)[0].flow
    assert _refused(provider, flow, ACCESS_TOKEN, _account(id_str=subject)) == "invalid_response"


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (answer({"errors": [{"title": "Not Found"}]}), "invalid_response"),
        (answer({"data": []}), "invalid_response"),
        (answer({"title": "Unauthorized"}, 401), "provider_error"),
        (answer({}, 429), "provider_unavailable"),
        (HTTPResponse(200, {}, b"<html>"), "invalid_response"),
    ],
)
def test_a_bad_answer_of_users_me_ends_the_sign_in(response: HTTPResponse, reason: str) -> None:
    """An error object counts as no user."""
    provider = _x()
    assert _refused(provider, _begin(provider)[0].flow, BEARER, response) == reason


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, "flow_unknown"),
        ({"state": "other", "code": "c"}, "flow_unknown"),
        ({"state": "st"}, "invalid_response"),
        ({"state": "st", "error": "access_denied"}, "access_denied"),
        ({"state": "st", "code": "c", "iss": "https://evil.example"}, "invalid_response"),
        ({"oauth_token": "rt", "oauth_verifier": "ver"}, "flow_unknown"),
    ],
)
def test_a_bad_callback_of_oauth2_ends_the_sign_in_before_any_request(
    parameters: dict[str, str], reason: str
) -> None:
    """State, issuer, error, code (OAU-01, OAU-04)."""
    flow = Flow.start(provider="x", issuer="https://x.com", now=NOW, state="st", verifier="ver")
    assert _refused(_x(), flow, parameters=parameters) == reason


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, "flow_unknown"),
        ({"oauth_verifier": "ver"}, "flow_unknown"),
        ({"oauth_token": "other", "oauth_verifier": "ver"}, "flow_unknown"),
        ({"oauth_token": "rt"}, "invalid_response"),
        ({"oauth_token": "rt", "oauth_verifier": ""}, "invalid_response"),
        ({"denied": "rt"}, "access_denied"),
        ({"denied": "rt", "oauth_token": "rt", "oauth_verifier": "ver"}, "access_denied"),
        ({"denied": "other"}, "flow_unknown"),
        ({"denied": "other", "oauth_token": "rt", "oauth_verifier": "ver"}, "flow_unknown"),
        ({"state": "st", "code": "c"}, "flow_unknown"),
    ],
)
def test_a_bad_callback_of_oauth1_ends_the_sign_in_before_any_request(
    parameters: dict[str, str], reason: str
) -> None:
    """The request token is this browser's, and the verifier is there (OAU-12)."""
    flow = Flow.start(provider="x", issuer="https://x.com", now=NOW, request_token="rt", request_token_secret="rs")
    assert _refused(_x("1.0a"), flow, parameters=parameters) == reason


@pytest.mark.parametrize("oauth", ["2.0", "1.0a"])
def test_the_flow_of_another_protocol_provider_or_time_is_refused(oauth: Literal["2.0", "1.0a"]) -> None:
    """Before any request (OAU-01, OAU-04)."""
    good = Flow.start(
        provider="x",
        issuer="https://x.com",
        now=NOW,
        state="st" if oauth == "2.0" else None,
        verifier="ver",
        request_token="rt",
        request_token_secret="rs",
    )
    other = Flow.start(provider="google", issuer="https://accounts.google.com", now=NOW, state="st", verifier="ver")
    swapped = Flow.start(
        provider="x",
        issuer="https://x.com",
        now=NOW,
        **({"state": "st", "verifier": "ver"} if oauth == "1.0a" else {"request_token": "rt"}),
    )
    assert _refused(_x(oauth), good, age=FLOW_LIFETIME) == "flow_unknown"
    assert _refused(_x(oauth), other) == "flow_unknown"
    assert _refused(_x(oauth), swapped) == "flow_unknown"


def test_stand_ins_take_the_place_of_the_endpoints() -> None:
    """On this machine, over plain http."""
    provider = _x(site="http://localhost:9000/", api="http://localhost:9001/")
    begun, _ = _begin(provider)
    assert begun.url.startswith("http://localhost:9000/i/oauth2/authorize?")
    _, (token, _) = _finish(provider, begun.flow, BEARER, _user())
    assert token.url == "http://localhost:9001/2/oauth2/token"


@pytest.mark.parametrize("options", [{"site": "http://x.example"}, {"api": "http://x.example"}, {"api": "x.example"}])
def test_an_endpoint_that_is_not_secure_stops_the_start(options: dict[str, Any]) -> None:
    """https, or this machine."""
    with pytest.raises(ConfigurationError, match="https"):
        _x(**options)


def test_oauth1_has_no_public_clients() -> None:
    """It signs with the secret."""
    with pytest.raises(ConfigurationError, match="secret"):
        X("1.0a", "me", public_client=True)
