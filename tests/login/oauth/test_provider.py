"""What holds of every provider, whatever it speaks: rows of faults that happened elsewhere among it."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from handstamp.core.errors import AddressTaken, ConfigurationError
from handstamp.login.oauth import OpenIDConnect, oauth2
from handstamp.login.oauth.exchange import HTTPResponse
from handstamp.login.oauth.flow import FLOW_LIFETIME
from handstamp.login.oauth.provider import read_option, read_required
from login.oauth.every_provider import CASES, Case, reason_of
from login.oauth.exchanges import NOW, answer, drive, query, refused
from web_world import World

every_provider = pytest.mark.parametrize("case", CASES.values(), ids=CASES)

NOBODY: list[Any] = [
    None,
    ...,
    "",
    " ",
    "undefined",
    "null",
    "None",
    "[object Object]",
    True,
    False,
    [],
    {},
    0,
    -1,
    1.5,
]
UNVERIFIED: list[Any] = [False, None, ..., 0, 1, "yes", "True", "false", "", [True], {"a": 1}, [1]]


@every_provider
def test_a_sign_in_ends_with_the_profile(case: Case) -> None:
    """Subject, name, user name, picture, address and what is thought of it."""
    profile, _ = case.finish()
    assert profile == case.profile


@every_provider
def test_a_sign_in_begins_with_state_and_challenge_of_its_own(case: Case) -> None:
    """Fresh for each, at least 128 bits; the callback is the provider's own (OAU-01, OAU-02, OAU-04)."""
    (_, flow, url), (_, other, _) = case.begin(), case.begin()
    sent = query(url)
    assert urlsplit(url).scheme == "https"
    assert (sent["state"], sent["redirect_uri"], sent["client_id"]) == (flow.state, case.callback, "me")
    assert (sent["code_challenge"], sent["code_challenge_method"]) == (
        oauth2.code_challenge(flow.verifier or ""),
        "S256",
    )
    assert len({flow.state, flow.verifier, other.state, other.verifier}) == 4
    assert len(flow.state or "") >= 22


@every_provider
def test_provider_mix_up_by_another_issuer_in_the_callback(case: Case) -> None:
    """A callback that names somebody else is refused before the code goes anywhere (OAU-04, RFC 9207 §2.4)."""
    for issuer in ("https://evil.example", "", f"{case.make().issuer}/", "null"):
        provider, flow, _ = case.begin()
        callback = case.good(flow, iss=issuer)
        assert refused(provider.finish(flow, callback, callback_url=case.callback, now=NOW)) == "invalid_response"


@every_provider
def test_provider_mix_up_by_the_flow_of_another_provider(case: Case) -> None:
    """What was begun elsewhere is not finished here, nor after its time (OAU-04)."""
    provider, flow, _ = case.begin()
    for wrong in (
        replace(flow, provider="other"),
        replace(flow, issuer="https://evil.example"),
        replace(flow, expires_at=NOW),
    ):
        exchange = provider.finish(wrong, case.good(flow), callback_url=case.callback, now=NOW)
        assert refused(exchange) == "flow_unknown"
    late = provider.finish(flow, case.good(flow), callback_url=case.callback, now=NOW + FLOW_LIFETIME)
    assert refused(late) == "flow_unknown"


@every_provider
@pytest.mark.parametrize("state", ["", "other", "null", None])
def test_oauth_state_that_is_not_the_flow_s(case: Case, state: str | None) -> None:
    """Missing, empty or another's: nothing is asked of anybody (OAU-01)."""
    given = {"code": "c0de"} if state is None else {"code": "c0de", "state": state}
    assert case.refused_callback(lambda _: given) == "flow_unknown"


@every_provider
@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ({"error": "access_denied", "error_description": "The user denied"}, "access_denied"),
        ({"error": "server_error"}, "provider_unavailable"),
        ({"error": "invalid_scope"}, "provider_error"),
        ({}, "invalid_response"),
        ({"code": ""}, "invalid_response"),
        ({"code": "c" * 5000}, "invalid_response"),
    ],
)
def test_a_callback_without_a_code_ends_the_sign_in(case: Case, stated: dict[str, str], reason: str) -> None:
    """Before any request."""
    assert case.refused_callback(lambda flow: {"state": flow.state or "", **stated}) == reason


@every_provider
@pytest.mark.parametrize("subject", NOBODY, ids=repr)
def test_identity_keyed_by_undefined_and_other_nobodies(case: Case, subject: object) -> None:
    """What a program writes where there is no id is refused: everyone would share the account (OAU-07)."""
    assert case.refused(**{case.subject: subject}) == "invalid_response"


def test_identity_keyed_by_something_that_two_providers_share() -> None:
    """Each has an issuer of its own, an https address; equal subjects at two of them are two people (OAU-07)."""
    issuers = [case.profile.issuer for case in CASES.values()]
    assert len(set(issuers)) == len(issuers) == 8
    assert all(issuer.startswith("https://") for issuer in issuers)


@every_provider
def test_identity_keyed_by_something_that_changes(case: Case) -> None:
    """Another name, user name and address leave the key as it is (OAU-07)."""
    changed = {"name": "Grace", "username": "grace", "login": "grace", "preferred_username": "grace"}
    profile, _ = case.finish(**changed, **{case.email: "grace@mail.example"})
    assert (profile.issuer, profile.subject) == (case.profile.issuer, case.profile.subject)
    assert profile.email == "grace@mail.example"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.verified])
@pytest.mark.parametrize("said", UNVERIFIED, ids=repr)
def test_unverified_email_at_a_provider(name: str, said: object) -> None:
    """An address is verified when the provider says so in its own words, and in no other case (OAU-07)."""
    case = CASES[name]
    profile, _ = case.finish(**{str(case.verified): said})
    assert (profile.email, profile.email_verified) == (case.profile.email, False)


@pytest.mark.parametrize("name", ["email_verified", "verified", "verified_email", "xms_edov", "is_verified"])
def test_unverified_email_at_a_provider_that_has_no_word_for_it(name: str) -> None:
    """Facebook's address stays unverified, whatever is put beside it."""
    assert CASES["facebook"].finish(**{name: True})[0].email_verified is False


async def test_account_taken_over_by_an_address_that_equals_another_s() -> None:
    """What a provider claims of an address joins nobody to anybody, and changes nobody else (OAU-07)."""
    world = World()
    accounts = (await world.services()).accounts
    told = [replace(case.profile, email="victim@mail.example", email_verified=False) for case in CASES.values()]
    users = [await accounts.sign_in(profile, now=NOW) for profile in told]
    assert len({user.id for user in users}) == len(CASES)
    assert [await world.store.load_user(user.id) for user in users] == users
    assert await accounts.find("victim@mail.example") == ()
    await world.auth.close()


async def test_account_taken_over_by_an_address_that_is_another_s() -> None:
    """What a provider says to be verified makes nobody where it is somebody's: that one has to link it (OAU-07)."""
    world = World()
    accounts = (await world.services()).accounts
    owner, *others = (
        replace(case.profile, email="victim@mail.example", email_verified=True) for case in CASES.values()
    )
    victim = await accounts.sign_in(owner, now=NOW)
    for profile in others:
        with pytest.raises(AddressTaken):
            await accounts.sign_in(profile, now=NOW)
    assert await accounts.list() == (victim,)
    await world.auth.close()


@every_provider
@pytest.mark.parametrize(
    "address",
    [
        "ada@evil\uff20mail.example",
        "ada\uff20mail.example",
        "ada@mail.example,eve@evil.example",
        "ada@mail.example eve@evil.example",
        "ada(comment)@mail.example",
        '"ada@mail.example"@evil.example',
        "<ada@mail.example>",
        "ada@mail.example\n",
        ["ada@mail.example"],
        True,
        "",
    ],
)
def test_email_parsing(case: Case, address: object) -> None:
    """What is not one plain address counts as not said, and takes its flag with it."""
    profile, _ = case.finish(**{case.email: address})
    assert (profile.email, profile.email_verified) == (None, False)
    assert profile.subject == case.profile.subject


@every_provider
def test_a_person_without_an_address_is_normal(case: Case) -> None:
    """Null or not there."""
    for said in (None, ...):
        profile, _ = case.finish(**{case.email: said})
        assert (profile.email, profile.email_verified) == (None, False)


@every_provider
@pytest.mark.parametrize(
    ("response", "reasons"),
    [
        (HTTPResponse(503, {}, b"<html>"), {"provider_unavailable"}),
        (answer({"message": "slow down"}, 429), {"provider_unavailable"}),
        (HTTPResponse(302, {"location": "https://evil.example/"}), {"provider_error"}),
        (answer({"error": {"message": "Bad token", "type": "OAuthException", "code": 190}}, 400), {"provider_error"}),
        (HTTPResponse(200, {}, b"<html>"), {"invalid_response"}),
        (HTTPResponse(200, {}, b""), {"invalid_response"}),
        (answer({"error": {"message": "hello"}}), {"provider_error", "invalid_response"}),
        (answer("text"), {"invalid_response"}),
        (answer([1, 2]), {"invalid_response"}),
        (answer({}), {"invalid_response"}),
        (HTTPResponse(200, {}, b'{"id": "1", "id": "2", "sub": "1"}'), {"invalid_response"}),
    ],
    ids=["503", "429", "302", "400", "html", "empty", "error object", "text", "array", "nothing", "twice"],
)
def test_a_bad_answer_at_any_step_ends_the_sign_in(case: Case, response: HTTPResponse, reasons: set[str]) -> None:
    """With our error and no other; an error object counts as nobody."""
    _, flow, _ = case.begin()
    for step in range(len(case.responses(case.said(), flow))):
        provider, flow, _ = case.begin()  # one of its own for each step, for keys are kept
        responses = case.responses(case.said(), flow)
        responses[step] = response
        exchange = provider.finish(flow, case.good(flow), callback_url=case.callback, now=NOW)
        assert reason_of(exchange, responses) in reasons


@every_provider
def test_every_request_goes_to_the_provider_with_the_token_in_the_header(case: Case) -> None:
    """Over TLS, never with a token or the secret in an address (OAU-13, RFC 6750 §5.3)."""
    _, requests = case.finish()
    for request in requests:
        assert request.url.startswith("https://")
        assert "at-secret" not in request.url
        assert "s3cret" not in request.url
    for request in requests[1:]:
        if "authorization" in request.headers:
            assert request.headers["authorization"] == "Bearer at-secret"


@every_provider
def test_no_secret_is_in_a_repr(case: Case) -> None:
    """Of provider, requests or responses."""
    provider, flow, _ = case.begin()
    _, requests = case.finish()
    for shown in (repr(provider), repr(vars(provider)), repr(flow), repr(requests)):
        assert "s3cret" not in shown
        assert "PRIVATE KEY" not in shown
        assert "at-secret" not in shown


def test_any_openid_provider_is_named_by_its_issuer() -> None:
    """Without a class of its own; its word on addresses is not believed."""
    provider = OpenIDConnect("club", "https://idp.example", "The Club", client_id="me", client_secret="s3cret")
    assert (provider.id, provider.label, provider.issuer) == ("club", "The Club", "https://idp.example")


def test_what_a_registration_says_comes_from_arguments_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments win; what is empty is not said; what is missing is named."""
    monkeypatch.setenv("HANDSTAMP_GITLAB_URL", "https://git.example")
    assert read_option("gitlab", "url", None) == "https://git.example"
    assert read_option("gitlab", "url", "https://other.example") == "https://other.example"
    assert read_option("github", "url", "") is None
    monkeypatch.setenv("HANDSTAMP_APPLE_KEY_ID", "environment")
    assert read_required("apple", team_id="argument", key_id=None)["key_id"] == "environment"
    with pytest.raises(ConfigurationError, match="set HANDSTAMP_APPLE_TEAM_ID"):
        read_required("apple", team_id=None, key_id=None)


def test_a_begun_sign_in_shows_no_secret() -> None:
    """Its address holds the state."""
    case = CASES["discord"]
    begun, _ = drive(case.make().begin(callback_url=case.callback, now=NOW))
    assert (begun.flow.state or "-") not in repr(begun)
