"""Microsoft: many tenants, one set of keys, and addresses that anybody can type in."""

from typing import Any

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import Profile
from handstamp.login.oauth import Microsoft
from handstamp.login.oauth.exchange import HTTPResponse
from handstamp.login.oauth.flow import Flow
from login.oauth.every_provider import CASES, TENANT, TENANT_ISSUER, keys, reason_of, signed
from login.oauth.exchanges import NOW, answer, drive, query, refused
from login.oauth.openid import document

HOST = "https://login.microsoftonline.com"
ANYONE = f"{HOST}/{{tenantid}}/v2.0"
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
OTHER = "99999999-8888-4777-8666-555555555555"
CASE = CASES["microsoft"]


def _begun(tenant: str | None = None, issuer: str = ANYONE) -> tuple[Microsoft, Flow]:
    provider = Microsoft("me", "s3cret", tenant=tenant)
    begun, _ = drive(provider.begin(callback_url=CASE.callback, now=NOW), answer(document(issuer=issuer)))
    return provider, begun.flow


def _said(flow: Flow, tid: Any = TENANT, issuer: str | None = None, **members: Any) -> HTTPResponse:
    account = {"sub": "AAAA", "tid": tid, **members}
    return signed(account, flow, iss=issuer or f"{HOST}/{tid}/v2.0")


def _finish(provider: Microsoft, flow: Flow, *responses: HTTPResponse, **more: str) -> Profile:
    return drive(provider.finish(flow, CASE.good(flow, **more), callback_url=CASE.callback, now=NOW), *responses)[0]


def _reason(provider: Microsoft, flow: Flow, *responses: HTTPResponse, **more: str) -> str:
    exchange = provider.finish(flow, CASE.good(flow, **more), callback_url=CASE.callback, now=NOW)
    return reason_of(exchange, list(responses))


def test_the_document_is_that_of_the_tenant_that_was_named() -> None:
    """The words are addresses too; the issuer of those for many has a placeholder, letter for letter (OAU-05)."""
    for tenant, issuer in (
        ("common", ANYONE),
        ("organizations", ANYONE),
        ("consumers", f"{HOST}/{PERSONAL}/v2.0"),
        (TENANT.upper(), TENANT_ISSUER),
    ):
        provider = Microsoft("me", "s3cret", tenant=tenant)
        assert provider.issuer == issuer
        begun, (request,) = drive(
            provider.begin(callback_url=CASE.callback, now=NOW), answer(document(issuer=issuer))
        )
        assert request.url == f"{HOST}/{tenant.lower()}/v2.0/.well-known/openid-configuration"
        assert query(begun.url)["scope"] == "openid email profile"
    other = answer(document(issuer=f"{HOST}/common/v2.0"))
    assert refused(Microsoft("me", "s3cret").begin(callback_url=CASE.callback, now=NOW), other) == "invalid_response"


def test_the_tenant_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the code need not know whose application it is."""
    monkeypatch.setenv("HANDSTAMP_MICROSOFT_TENANT", TENANT)
    assert Microsoft("me", "s3cret").issuer == TENANT_ISSUER


@pytest.mark.parametrize("tenant", ["contoso.onmicrosoft.com", "../evil", "any", f"{TENANT}0", "{tenantid}"])
def test_a_tenant_that_is_none_stops_the_start(tenant: str) -> None:
    """A domain's document is of the tenant's id, so the id it has to be."""
    with pytest.raises(ConfigurationError, match="a tenant is an id, or one of common"):
        Microsoft("me", "s3cret", tenant=tenant)


def test_the_issuer_of_an_identity_is_the_tenant_s() -> None:
    """Equal subjects of two tenants are two people (OAU-07)."""
    profiles: list[Profile] = []
    for tenant in (TENANT, OTHER, PERSONAL):
        provider, flow = _begun()
        profiles.append(_finish(provider, flow, _said(flow, tenant), keys()))
    assert len({(profile.issuer, profile.subject) for profile in profiles}) == 3


@pytest.mark.parametrize(
    ("tid", "issuer"),
    [
        (TENANT, f"{HOST}/{OTHER}/v2.0"),
        (OTHER, TENANT_ISSUER),
        (TENANT, ANYONE),
        (TENANT, f"https://sts.windows.net/{TENANT}/"),
        (TENANT, f"https://evil.example/{TENANT}/v2.0"),
        ("{tenantid}", ANYONE),
        ("", f"{HOST}//v2.0"),
        (None, TENANT_ISSUER),
        (True, TENANT_ISSUER),
        ([TENANT], TENANT_ISSUER),
        ("../../evil", f"{HOST}/../../evil/v2.0"),
        (TENANT.replace("1", "A"), f"{HOST}/{TENANT.replace('1', 'A')}/v2.0"),
    ],
)
def test_issuer_not_checked(tid: object, issuer: str) -> None:
    """Tenant and issuer of a token say the same, in one spelling, or it is none (OAU-06)."""
    provider, flow = _begun()
    assert _reason(provider, flow, _said(flow, tid, issuer), keys()) == "invalid_response"


def test_issuer_not_checked_for_one_tenant() -> None:
    """Where one tenant may come, the others may not, whatever their token says of itself."""
    for tid, issuer in ((OTHER, None), (OTHER, TENANT_ISSUER), (PERSONAL, None)):
        provider, flow = _begun(TENANT, TENANT_ISSUER)
        assert _reason(provider, flow, _said(flow, tid, issuer), keys()) == "invalid_response"
    provider, flow = _begun(TENANT, TENANT_ISSUER)
    assert _finish(provider, flow, _said(flow), keys()).issuer == TENANT_ISSUER


def test_personal_accounts_come_only_where_they_may() -> None:
    """To ``common`` and ``consumers``; only they to the latter."""
    provider, flow = _begun("organizations")
    assert _reason(provider, flow, _said(flow, PERSONAL), keys()) == "invalid_response"
    consumers = f"{HOST}/{PERSONAL}/v2.0"
    provider, flow = _begun("consumers", consumers)
    assert _finish(provider, flow, _said(flow, PERSONAL), keys()).issuer == consumers
    provider, flow = _begun("consumers", consumers)
    assert _reason(provider, flow, _said(flow), keys()) == "invalid_response"


@pytest.mark.parametrize(
    ("signer", "tenant", "good"),
    [
        (ANYONE, TENANT, True),
        (ANYONE, PERSONAL, True),
        (f"{HOST}/{PERSONAL}/v2.0", PERSONAL, True),
        (TENANT_ISSUER, TENANT, True),
        (..., TENANT, True),
        (f"{HOST}/{PERSONAL}/v2.0", TENANT, False),
        (f"{HOST}/{OTHER}/v2.0", TENANT, False),
        ("https://evil.example", TENANT, False),
        (True, TENANT, False),
    ],
)
def test_a_key_vouches_for_its_own_issuer_only(signer: object, tenant: str, *, good: bool) -> None:
    """A stolen key for personal accounts once opened the mail of organizations."""
    provider, flow = _begun()
    answers = (_said(flow, tenant), keys(alg=..., issuer=signer))
    if good:
        assert _finish(provider, flow, *answers).issuer == f"{HOST}/{tenant}/v2.0"
    else:
        assert _reason(provider, flow, *answers) == "invalid_response"


@pytest.mark.parametrize("said", [True, "1", "true"])
def test_an_address_whose_domain_answers_for_it_is_verified(said: object) -> None:
    """In each of the spellings that tokens have."""
    assert CASE.finish(xms_edov=said)[0].email_verified


def test_unverified_email_at_a_provider_by_any_other_claim() -> None:
    """Neither ``email_verified`` nor a user name that looks like an address: tenants write what they like."""
    for name in ("email_verified", "verified_primary_email", "verified", "edov"):
        assert not CASE.finish(xms_edov=..., **{name: True})[0].email_verified
    profile, _ = CASE.finish(email=..., upn="boss@corp.example", xms_edov=True)
    assert (profile.email, profile.email_verified) == (None, False)


def test_userinfo_is_not_asked() -> None:
    """It belongs to another API, and says nothing more."""
    _, requests = CASE.finish(email=..., name=...)
    assert len(requests) == 2


def test_a_callback_may_name_the_person_s_tenant() -> None:
    """Not another one, and nobody else (OAU-04, RFC 9207)."""
    provider, flow = _begun()
    assert _finish(provider, flow, _said(flow), keys(), iss=TENANT_ISSUER).issuer == TENANT_ISSUER
    provider, flow = _begun()
    assert _reason(provider, flow, _said(flow), keys(), iss=f"{HOST}/{OTHER}/v2.0") == "invalid_response"
    for stated in (f"{HOST}/common/v2.0", f"https://evil.example/{TENANT}/v2.0", TENANT, f"{TENANT_ISSUER}/"):
        provider, flow = _begun()
        exchange = provider.finish(flow, CASE.good(flow, iss=stated), callback_url=CASE.callback, now=NOW)
        assert refused(exchange) == "invalid_response"
    provider, flow = _begun(TENANT, TENANT_ISSUER)
    exchange = provider.finish(flow, CASE.good(flow, iss=f"{HOST}/{OTHER}/v2.0"), callback_url=CASE.callback, now=NOW)
    assert refused(exchange) == "invalid_response"


def test_an_id_token_without_claims_ends_the_sign_in() -> None:
    """Signed or not."""
    provider, flow = _begun()
    parts = _said(flow).body.decode().split('"id_token": "')[1].split(".")
    token = answer({"access_token": "at", "token_type": "Bearer", "id_token": f"{parts[0]}.W10.AAAA"})
    assert _reason(provider, flow, token, keys()) == "invalid_response"
