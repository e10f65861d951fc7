"""Sign-in with an OpenID provider, request by request."""

from typing import Any

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import Profile
from handstamp.login.oauth import OpenIDConnect, oauth2
from handstamp.login.oauth.exchange import HTTPResponse
from handstamp.login.oauth.flow import FLOW_LIFETIME, Flow
from handstamp.login.oauth.provider import Provider
from login.oauth.exchanges import NOW, answer, body, drive, query, refused
from login.oauth.openid import CLIENT_ID, ISSUER, NONCE, SigningKey, claims, document

CALLBACK = "https://app.example/auth/callback/idp"
KEY = SigningKey("k1")
KEYS = answer({"keys": [KEY.public]})
FLOW = Flow.start(provider="idp", issuer=ISSUER, now=NOW, state="st", verifier="ver", nonce=NONCE)
GOOD = {"state": "st", "code": "c"}


def _provider(**arguments: Any) -> OpenIDConnect:
    options: dict[str, Any] = {"client_id": CLIENT_ID, "client_secret": "s3cret", **arguments}
    return OpenIDConnect("idp", ISSUER, "Mine", **options)


def _known(members: dict[str, Any] | None = None, **arguments: Any) -> OpenIDConnect:
    """A provider whose document is at hand already."""
    provider = _provider(**arguments)
    drive(provider.begin(callback_url=CALLBACK, now=NOW), answer(document(**(members or {}))))
    return provider


def _tokens(key: SigningKey = KEY, /, **members: Any) -> HTTPResponse:
    return answer({"access_token": "at", "token_type": "Bearer", "id_token": key.sign(claims(**members))})


def _finish(provider: Provider, *responses: HTTPResponse, parameters: dict[str, str] | None = None) -> Profile:
    exchange = provider.finish(FLOW, parameters or GOOD, callback_url=CALLBACK, now=NOW)
    return drive(exchange, *responses)[0]


def _refused(
    provider: Provider,
    *responses: HTTPResponse,
    flow: Flow = FLOW,
    age: float = 0.0,
    parameters: dict[str, str] | None = None,
) -> str:
    exchange = provider.finish(flow, parameters or GOOD, callback_url=CALLBACK, now=NOW + age)
    return refused(exchange, *responses)


def test_a_sign_in_begins_with_state_challenge_and_nonce_of_its_own() -> None:
    """All three fresh for each (OAU-01, OAU-02, OAU-03)."""
    provider = _known()
    begun, requests = drive(provider.begin(callback_url=CALLBACK, now=NOW))
    other, _ = drive(provider.begin(callback_url=CALLBACK, now=NOW))
    assert requests == []
    flow = begun.flow
    assert begun.url.startswith("https://idp.example/auth?")
    assert query(begun.url) == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": "openid email profile",
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": oauth2.code_challenge(flow.verifier or ""),
        "code_challenge_method": "S256",
    }
    assert (flow.provider, flow.issuer, flow.created_at) == ("idp", ISSUER, NOW)
    secrets = [flow.state, flow.verifier, flow.nonce, other.flow.state, other.flow.verifier, other.flow.nonce]
    assert len(set(secrets)) == 6
    assert all(secret is not None and len(secret) >= 43 for secret in secrets)


def test_a_sign_in_ends_with_the_profile() -> None:
    """Code for tokens, keys, and what the ID token says."""
    members: dict[str, Any] = {
        "email": "ada@idp.example",
        "email_verified": True,
        "name": "Ada",
        "preferred_username": "ada",
        "picture": "https://idp.example/ada.png",
    }
    exchange = _known(trusts_email=True).finish(FLOW, GOOD, callback_url=CALLBACK, now=NOW)
    profile, (token_request, keys_request) = drive(exchange, _tokens(**members), KEYS)
    assert profile == Profile(
        issuer=ISSUER,
        subject="subject-1",
        email="ada@idp.example",
        email_verified=True,
        name="Ada",
        username="ada",
        picture="https://idp.example/ada.png",
    )
    assert token_request.url == "https://idp.example/token"
    assert token_request.headers["authorization"].startswith("Basic ")
    assert body(token_request)["code_verifier"] == "ver"
    assert keys_request.url == "https://idp.example/keys"


def test_the_secret_goes_where_the_document_says() -> None:
    """Into the form, for a provider that takes it there only."""
    provider = _known({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, scope="openid")
    _, (request, _) = drive(provider.finish(FLOW, GOOD, callback_url=CALLBACK, now=NOW), _tokens(), KEYS)
    assert body(request)["client_secret"] == "s3cret"


def test_a_public_client_sends_no_secret() -> None:
    """PKCE alone."""
    provider = _known(client_secret=None, public_client=True, scope="openid")
    _, (request, _) = drive(provider.finish(FLOW, GOOD, callback_url=CALLBACK, now=NOW), _tokens(), KEYS)
    assert "client_secret" not in body(request)
    assert "authorization" not in request.headers


def test_the_email_of_an_unknown_provider_is_not_believed() -> None:
    """Anyone can run one and verify what they like (OAU-07)."""
    profile = _finish(_known(), _tokens(email="ada@idp.example", email_verified=True, name="Ada"), KEYS)
    assert profile.email == "ada@idp.example"
    assert not profile.email_verified


@pytest.mark.parametrize("value", ["true", "True", 1, None, False, [True], ...])
def test_only_true_is_verified(value: object) -> None:
    """Not the string, not the number."""
    tokens = _tokens(email="ada@idp.example", email_verified=value, name="Ada")
    assert not _finish(_known(trusts_email=True), tokens, KEYS).email_verified


def test_nothing_is_verified_without_an_address() -> None:
    """An address that is none takes its flag with it."""
    tokens = _tokens(email="a@b@c", email_verified=True, name="Ada")
    profile = _finish(_known(trusts_email=True), tokens, KEYS)
    assert (profile.email, profile.email_verified) == (None, False)


def test_a_person_without_email_or_name_is_normal() -> None:
    """Where the provider has no more to say."""
    provider = _provider()
    members = document()
    del members["userinfo_endpoint"]
    drive(provider.begin(callback_url=CALLBACK, now=NOW), answer(members))
    assert _finish(provider, _tokens(), KEYS) == Profile(issuer=ISSUER, subject="subject-1")


def test_userinfo_is_asked_for_what_the_id_token_lacks() -> None:
    """With the access token in the header; what the ID token says wins."""
    exchange = _known(trusts_email=True).finish(FLOW, GOOD, callback_url=CALLBACK, now=NOW)
    userinfo = answer({"sub": "subject-1", "email": "ada@idp.example", "email_verified": True, "name": "Other"})
    profile, requests = drive(exchange, _tokens(name="Ada"), KEYS, userinfo)
    assert profile.email == "ada@idp.example"
    assert profile.email_verified
    assert profile.name == "Ada"
    assert requests[2].headers["authorization"] == "Bearer at"


def test_an_address_and_its_flag_come_from_one_place() -> None:
    """Userinfo's "verified" says nothing of the ID token's address, nor the other way round."""
    told = {"sub": "subject-1", "name": "Ada", "email": "other@idp.example"}
    profile = _finish(
        _known(trusts_email=True), _tokens(email="ada@idp.example"), KEYS, answer({**told, "email_verified": True})
    )
    assert (profile.email, profile.email_verified) == ("ada@idp.example", False)
    profile = _finish(_known(trusts_email=True), _tokens(email_verified=True), KEYS, answer(told))
    assert (profile.email, profile.email_verified) == ("other@idp.example", False)


@pytest.mark.parametrize("sub", [None, "", "subject-2", 1, "Subject-1"])
def test_userinfo_of_someone_else_is_refused(sub: object) -> None:
    """OpenID Connect Core §5.3.2."""
    assert _refused(_known(), _tokens(), KEYS, answer({"sub": sub, "email": "eve@idp.example"})) == "invalid_response"


def test_an_id_token_is_needed() -> None:
    """An access token says nothing of who is there."""
    assert _refused(_known(), answer({"access_token": "at", "token_type": "Bearer"})) == "invalid_response"


@pytest.mark.parametrize(
    "members", [{"nonce": "other"}, {"iss": "https://evil.example"}, {"aud": "other"}, {"exp": 1}]
)
def test_a_bad_id_token_ends_the_sign_in(members: dict[str, Any]) -> None:
    """Every check has its own test beside the ID token's."""
    assert _refused(_known(), _tokens(**members), KEYS) == "invalid_response"


def test_an_id_token_that_is_none_costs_no_request() -> None:
    """Its form is checked before the keys are asked for."""
    tokens = answer({"access_token": "at", "token_type": "Bearer", "id_token": "a.b.c"})
    assert _refused(_known(), tokens) == "invalid_response"


def test_a_new_key_of_the_provider_is_fetched() -> None:
    """A rotation of its keys fails no sign-in."""
    provider = _known(scope="openid")
    _finish(provider, _tokens(), KEYS)
    new_key = SigningKey("k2")
    assert _finish(provider, _tokens(new_key), answer({"keys": [new_key.public]})).subject == "subject-1"


def test_a_key_that_the_provider_does_not_publish_is_refused() -> None:
    """After one look, and with none within the next minute (OAU-08)."""
    provider = _known(scope="openid")
    assert _refused(provider, _tokens(SigningKey("k2")), KEYS, KEYS) == "invalid_response"
    assert _refused(provider, _tokens(SigningKey("k3"))) == "invalid_response"
    assert _finish(provider, _tokens()).subject == "subject-1"


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"code": "c"}, "flow_unknown"),
        ({"code": "c", "state": "other"}, "flow_unknown"),
        ({"state": "st"}, "invalid_response"),
        ({"code": "c", "state": "st", "iss": "https://evil.example"}, "invalid_response"),
        ({"error": "access_denied", "state": "st"}, "access_denied"),
        ({"error": "login_required", "state": "st"}, "provider_error"),
    ],
)
def test_a_bad_callback_ends_the_sign_in_before_any_request(parameters: dict[str, str], reason: str) -> None:
    """The code goes nowhere."""
    assert _refused(_known(), parameters=parameters) == reason


def test_a_provider_that_promises_to_name_itself_has_to() -> None:
    """RFC 9207 (OAU-04)."""
    provider = _known({"authorization_response_iss_parameter_supported": True}, scope="openid")
    assert _refused(provider) == "invalid_response"
    assert _finish(provider, _tokens(), KEYS, parameters={**GOOD, "iss": ISSUER}).subject == "subject-1"


@pytest.mark.parametrize(
    "flow",
    [
        Flow.start(provider="x", issuer="https://x.com", now=NOW, state="st", verifier="ver"),
        Flow.start(provider="idp", issuer="https://evil.example", now=NOW, state="st", verifier="ver", nonce=NONCE),
    ],
)
def test_the_flow_of_another_provider_is_refused(flow: Flow) -> None:
    """Its code would be sent to the wrong place (OAU-04)."""
    assert _refused(_known(), flow=flow) == "flow_unknown"


def test_a_flow_that_has_expired_is_refused() -> None:
    """Ten minutes are enough to sign in (OAU-01)."""
    assert _refused(_known(), age=FLOW_LIFETIME) == "flow_unknown"


@pytest.mark.parametrize(
    "arguments",
    [
        ("IDP", ISSUER, {}),
        ("i/dp", ISSUER, {}),
        ("", ISSUER, {}),
        ("1idp", ISSUER, {}),
        ("i" * 33, ISSUER, {}),
        ("idp", "http://idp.example", {}),
        ("idp", "idp.example", {}),
        ("idp", ISSUER, {"metadata_url": "http://idp.example/metadata"}),
        ("idp", ISSUER, {"scope": "email profile"}),
    ],
)
def test_what_cannot_be_right_stops_the_start(arguments: tuple[str, str, dict[str, Any]]) -> None:
    """With a message that says what to do."""
    provider_id, issuer, options = arguments
    with pytest.raises(ConfigurationError):
        OpenIDConnect(provider_id, issuer, "Mine", client_id="me", client_secret="s", **options)
