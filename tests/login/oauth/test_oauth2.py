"""OAuth 2.0: out, back, and the code for tokens."""

import base64
from dataclasses import replace

import pytest

from handstamp.core.errors import LoginFailed, MustSignInAgain
from handstamp.core.models import ProviderTokens
from handstamp.login.oauth import oauth2
from handstamp.login.oauth.exchange import HTTPResponse
from handstamp.login.oauth.flow import Flow
from handstamp.login.oauth.oauth2 import Client, Tokens
from login.oauth.exchanges import CALLBACK, NOW, answer, body, drive, query, refused

ISSUER = "https://idp.example"
FLOW = Flow.start(provider="idp", issuer=ISSUER, now=NOW, state="st", verifier="ver")
TOKEN_URL = "https://idp.example/token"
CLIENT = Client("me", "s3cret")
BEARER = {"access_token": "at", "token_type": "Bearer"}


def test_the_challenge_is_the_hash_of_the_verifier() -> None:
    """RFC 7636 appendix B (OAU-02)."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert oauth2.code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_browser_goes_out_with_state_and_challenge_and_without_the_verifier() -> None:
    """PKCE S256 always; the verifier stays here (OAU-02)."""
    url = oauth2.authorization_url(
        "https://idp.example/auth?tenant=1",
        client_id="me",
        callback_url=CALLBACK,
        scope="a b",
        state="st",
        verifier="ver",
        nonce="no",
    )
    assert query(url) == {
        "tenant": "1",
        "response_type": "code",
        "client_id": "me",
        "redirect_uri": CALLBACK,
        "scope": "a b",
        "state": "st",
        "code_challenge": oauth2.code_challenge("ver"),
        "code_challenge_method": "S256",
        "nonce": "no",
    }


@pytest.mark.parametrize("parameters", [{"state": "st", "code": "c"}, {"state": "st", "code": "c", "iss": ISSUER}])
def test_a_callback_of_the_flow_gives_its_code(parameters: dict[str, str]) -> None:
    """With the issuer or, where it is not promised, without."""
    assert oauth2.code_from_callback(FLOW, parameters, issuer=ISSUER) == "c"


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"code": "c"}, "flow_unknown"),
        ({"code": "c", "state": ""}, "flow_unknown"),
        ({"code": "c", "state": "other"}, "flow_unknown"),
        ({"error": "access_denied"}, "flow_unknown"),
        ({"error": "access_denied", "state": "other"}, "flow_unknown"),
        ({"state": "st"}, "invalid_response"),
        ({"state": "st", "code": ""}, "invalid_response"),
        ({"state": "st", "code": "c" * 4097}, "invalid_response"),
        ({"state": "st", "code": "c", "iss": "https://evil.example"}, "invalid_response"),
        ({"state": "st", "code": "c", "iss": ISSUER + "/"}, "invalid_response"),
        ({"state": "st", "code": "c", "iss": ""}, "invalid_response"),
        ({"state": "st", "error": "access_denied", "iss": "https://evil.example"}, "invalid_response"),
        ({"state": "st", "error": "access_denied"}, "access_denied"),
        ({"state": "st", "error": "access_denied", "code": "c"}, "access_denied"),
        ({"state": "st", "error": "server_error"}, "provider_unavailable"),
        ({"state": "st", "error": "temporarily_unavailable"}, "provider_unavailable"),
        ({"state": "st", "error": "invalid_scope", "error_description": "<script>"}, "provider_error"),
        ({"state": "st", "error": ""}, "provider_error"),
    ],
)
def test_any_other_callback_is_refused(parameters: dict[str, str], reason: str) -> None:
    """State first (OAU-01), then the issuer (OAU-04), then what the provider says."""
    with pytest.raises(LoginFailed) as failure:
        oauth2.code_from_callback(FLOW, parameters, issuer=ISSUER)
    assert failure.value.reason == reason
    assert "<script>" not in str(failure.value)


@pytest.mark.parametrize("more", [{"code": "c"}, {"error": "access_denied"}])
def test_a_provider_that_promises_to_name_itself_has_to(more: dict[str, str]) -> None:
    """Or a mix-up would only need to leave ``iss`` out (RFC 9207 §2.4; OAU-04)."""
    with pytest.raises(LoginFailed) as failure:
        oauth2.code_from_callback(FLOW, {"state": "st", **more}, issuer=ISSUER, issuer_required=True)
    assert failure.value.reason == "invalid_response"


def test_a_flow_without_state_takes_no_callback() -> None:
    """An OAuth 1.0a flow's cookie cannot be used here (OAU-01)."""
    flow = Flow.start(provider="idp", issuer=ISSUER, now=NOW, request_token="rt", request_token_secret="rs")
    with pytest.raises(LoginFailed) as failure:
        oauth2.code_from_callback(flow, {"code": "c"}, issuer=ISSUER)
    assert failure.value.reason == "flow_unknown"


def test_a_confidential_client_shows_its_secret_in_the_header() -> None:
    """Form-encoded before Basic (RFC 6749 §2.3.1), and never in the body too."""
    exchange = oauth2.redeem(TOKEN_URL, Client("m e", "s:ü"), code="c", verifier="ver", callback_url=CALLBACK)
    tokens, (request,) = drive(exchange, answer({**BEARER, "id_token": "it"}))
    assert tokens == Tokens("at", "it")
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"m+e:s%3A%C3%BC").decode()
    assert body(request) == {
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": CALLBACK,
        "code_verifier": "ver",
    }


def test_a_confidential_client_shows_its_secret_in_the_body_where_the_provider_wants_that() -> None:
    """``client_secret_post``."""
    client = Client("me", "s3cret", "client_secret_post")
    _, (request,) = drive(
        oauth2.redeem(TOKEN_URL, client, code="c", verifier="ver", callback_url=CALLBACK), answer(BEARER)
    )
    assert "authorization" not in request.headers
    assert body(request)["client_id"] == "me"
    assert body(request)["client_secret"] == "s3cret"


def test_a_public_client_shows_its_id_only() -> None:
    """PKCE alone binds the code."""
    tokens, (request,) = drive(
        oauth2.redeem(TOKEN_URL, Client("me"), code="c", verifier="ver", callback_url=CALLBACK), answer(BEARER)
    )
    assert tokens == Tokens("at", None)
    assert "authorization" not in request.headers
    assert body(request)["client_id"] == "me"
    assert "client_secret" not in body(request)


@pytest.mark.parametrize("verifier", [None, ""])
def test_no_code_is_redeemed_without_a_verifier(verifier: str | None) -> None:
    """Nothing is sent (OAU-02)."""
    assert (
        refused(oauth2.redeem(TOKEN_URL, Client("me"), code="c", verifier=verifier, callback_url=CALLBACK))
        == "flow_unknown"
    )


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (answer({"error": "invalid_grant"}, 400), "provider_error"),
        (answer({"error": "invalid_client"}, 401), "provider_error"),
        (HTTPResponse(307, {"location": "https://evil.example/"}), "provider_error"),
        (HTTPResponse(502, {}, b"<html>"), "provider_unavailable"),
        (HTTPResponse(200, {}, b"access_token=at&token_type=bearer"), "invalid_response"),
        (answer({}), "invalid_response"),
        (answer({"error": "bad_verification_code", "error_uri": "https://docs.example/"}), "provider_error"),
        (answer({**BEARER, "error": None}), "provider_error"),
        (answer({"access_token": "at"}), "invalid_response"),
        (answer({"token_type": "bearer"}), "invalid_response"),
        (answer({**BEARER, "token_type": "mac"}), "invalid_response"),
        (answer({**BEARER, "access_token": 1}), "invalid_response"),
        (answer({**BEARER, "access_token": "a\r\nx: y"}), "invalid_response"),
        (answer({**BEARER, "access_token": "a b"}), "invalid_response"),
        (answer({**BEARER, "access_token": "ü"}), "invalid_response"),
        (answer({**BEARER, "id_token": None}), "invalid_response"),
        (answer([BEARER]), "invalid_response"),
    ],
)
def test_a_bad_answer_of_the_token_endpoint_ends_the_sign_in(response: HTTPResponse, reason: str) -> None:
    """Nothing half-good is used; an error object with status 200 is no token."""
    exchange = oauth2.redeem(TOKEN_URL, Client("me", "s"), code="c", verifier="ver", callback_url=CALLBACK)
    assert refused(exchange, response) == reason


def test_the_access_token_travels_in_the_header() -> None:
    """Never in a URL, which is logged (RFC 6750 §5.3)."""
    account, (request,) = drive(oauth2.fetch("https://idp.example/me", Tokens("at"), "me"), answer({"a": 1}))
    assert account == {"a": 1}
    assert request.headers["authorization"] == "Bearer at"
    assert request.url == "https://idp.example/me"


def test_secrets_are_in_no_repr() -> None:
    """OAU-13."""
    assert "s3cret" not in repr(Client("me", "s3cret"))
    assert "s3cret" not in repr(Tokens("s3cret", "s3cret"))


KEPT = ProviderTokens(access_token="at", refresh_token="rt")


def test_what_is_given_is_kept_with_its_end() -> None:
    """From when it was asked for; what is not given is left out."""
    assert Tokens("at", None, "rt", 60.0).kept(NOW) == replace(KEPT, expires_at=NOW + 60)
    assert Tokens("at").kept(NOW) == ProviderTokens(access_token="at")


@pytest.mark.parametrize(
    ("said", "end"),
    [
        (3600, NOW + 3600),
        ("3600", NOW + 3600),
        (0, NOW),
        (None, None),
        ("soon", None),
        (True, None),
        ([], None),
        (-1, None),
        (1e30, None),
        ("nan", None),
        ("1e999", None),
    ],
)
def test_the_end_of_a_token_is_what_the_provider_says(said: object, end: float | None) -> None:
    """As a number, or one that is written as text; what is neither was not said."""
    answered = answer({"access_token": "new", "token_type": "bearer", "expires_in": said})
    tokens, _ = drive(oauth2.renew(TOKEN_URL, CLIENT, KEPT, now=NOW), answered)
    assert tokens == ProviderTokens(access_token="new", expires_at=end)


def test_tokens_are_renewed_by_the_refresh_token() -> None:
    """RFC 6749 §6, with our secret, and what is given anew."""
    answered = answer({"access_token": "new", "token_type": "Bearer", "refresh_token": "next", "scope": "x"})
    tokens, (request,) = drive(oauth2.renew(TOKEN_URL, CLIENT, KEPT, now=NOW), answered)
    assert tokens == ProviderTokens(access_token="new", refresh_token="next")
    assert request.url == TOKEN_URL
    assert request.headers["authorization"].startswith("Basic ")
    assert body(request) == {"grant_type": "refresh_token", "refresh_token": "rt"}


def test_without_a_refresh_token_nothing_is_asked() -> None:
    """The person has to sign in again."""
    with pytest.raises(MustSignInAgain):
        drive(oauth2.renew(TOKEN_URL, CLIENT, ProviderTokens(access_token="at"), now=NOW))


@pytest.mark.parametrize(
    "refusal", [answer({"error": "invalid_grant"}, 400), answer({"error": "bad_refresh_token"}, 200)]
)
def test_a_refresh_token_that_is_refused_says_so(refusal: HTTPResponse) -> None:
    """By RFC 6749 §5.2, and as GitHub has it."""
    with pytest.raises(MustSignInAgain):
        drive(oauth2.renew(TOKEN_URL, CLIENT, KEPT, now=NOW), refusal)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (answer({"error": "invalid_client"}, 401), "provider_error"),
        (answer({"error": "temporarily_unavailable"}, 503), "provider_unavailable"),
        (HTTPResponse(400, {}, b"<html>"), "provider_error"),
        (answer({"error": "slow_down"}, 200), "provider_error"),
        (answer({"access_token": "new", "token_type": "mac"}), "invalid_response"),
    ],
)
def test_what_is_not_the_persons_fault_is_no_refusal(refusal: HTTPResponse, reason: str) -> None:
    """Nothing is lost by it."""
    assert refused(oauth2.renew(TOKEN_URL, CLIENT, KEPT, now=NOW), refusal) == reason


def test_the_refresh_token_is_revoked_or_else_the_access_token() -> None:
    """RFC 7009 §2.1; the refresh token takes the others with it."""
    _, (request,) = drive(oauth2.revoke("https://idp.example/revoke", CLIENT, KEPT), HTTPResponse(200))
    assert body(request) == {"token": "rt", "token_type_hint": "refresh_token"}
    alone = ProviderTokens(access_token="at")
    _, (request,) = drive(oauth2.revoke("https://idp.example/revoke", CLIENT, alone), HTTPResponse(200))
    assert body(request) == {"token": "at", "token_type_hint": "access_token"}
    assert refused(oauth2.revoke("https://idp.example/revoke", CLIENT, KEPT), HTTPResponse(503)) == (
        "provider_unavailable"
    )
