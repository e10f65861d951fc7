"""Making and using passkeys, without HTTP: what is believed, and what is not (MFA-04)."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from authenticators import AT, BE, BS, ED, UP, UV, Authenticator
from handstamp.core.encoding import base64url_decode, base64url_encode
from handstamp.core.errors import InvalidInput, LoginFailed
from handstamp.core.ids import new_secret
from handstamp.core.models import Credential, CredentialKind, Proof
from handstamp.login.passkey.ceremonies import (
    CLONED,
    REFUSED,
    Made,
    verify_assertion,
    verify_registration,
)
from handstamp.login.passkey.party import RelyingParty, creation_options, request_options
from handstamp.login.passkey.responses import Assertion, Registration, parse_json
from web_world import NOW

ORIGIN = "https://app.example.com"
PARTY = RelyingParty(id="app.example.com", name="Example", origin=ORIGIN)
STRICT = RelyingParty(id="app.example.com", name="Example", origin=ORIGIN, verification="required")
ELSEWHERE = RelyingParty(id="evil.example", name="Example", origin="https://evil.example")


def made(authenticator: Authenticator, *, party: RelyingParty = PARTY, said: Any = None) -> Made:
    """A passkey of the user "ada"."""
    challenge = new_secret()
    options = creation_options(PARTY, user_id="ada", label="Ada", challenge=challenge)
    response = Registration.parse(authenticator.create(options, **(said or {})), field="credential")
    return verify_registration(response, party=party, challenge=challenge)


def kept(passkey: Made, **changes: Any) -> Credential:
    """As a store keeps it."""
    given: dict[str, Any] = {
        "id": "1",
        "user_id": "ada",
        "kind": CredentialKind.PASSKEY,
        "lookup": passkey.lookup,
        "secret": passkey.public_key,
        "created_at": NOW,
        "confirmed_at": NOW,
        "counter": passkey.counter,
        "data": passkey.data,
    }
    return Credential(**given | changes)


def used(
    authenticator: Authenticator,
    credential: Credential,
    *,
    verification: bool = False,
    discovered: bool = True,
    said: Any = None,
) -> tuple[Credential, Any]:
    """Its use."""
    challenge = new_secret()
    asked = authenticator.get(request_options(PARTY, challenge=challenge), **(said or {}))
    return verify_assertion(
        Assertion.parse(asked, field="credential"),
        credential,
        party=PARTY,
        challenge=challenge,
        verification=verification,
        discovered=discovered,
        now=NOW + 9,
    )


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_a_passkey_is_made_and_used(algorithm: int) -> None:
    """With each of the three algorithms; what is kept is the key, its count, and when it was used."""
    authenticator = Authenticator(algorithm=algorithm, count=4)
    passkey = made(authenticator)
    assert (passkey.lookup, passkey.counter) == (next(iter(authenticator.keys)), 4)
    assert passkey.data == {
        "aaguid": "00000000-0000-0000-0000-000000000000",
        "transports": "hybrid internal",
        "backup_eligible": "",
        "backed_up": "",
    }
    credential, proof = used(authenticator, kept(passkey))
    assert (credential.counter, credential.last_used_at) == (5, NOW + 9)
    assert (proof.amr, proof.aal) == (("hwk", "user", "mfa"), 2)


@pytest.mark.parametrize(
    ("flags", "amr", "aal"),
    [
        (UP, ("hwk", "user"), 1),
        (UP | UV, ("hwk", "user", "mfa"), 2),
        (UP | BE, ("swk", "user"), 1),
        (UP | UV | BE | BS, ("swk", "user", "mfa"), 2),
    ],
)
def test_what_is_proved_follows_the_flags(flags: int, amr: tuple[str, ...], aal: int) -> None:
    """Two factors only where the person was verified; hardware only where the key cannot leave it."""
    authenticator = Authenticator(flags=flags)
    passkey = made(authenticator)
    assert (passkey.proof.amr, passkey.proof.aal) == (amr, aal)
    _, proof = used(authenticator, kept(passkey))
    assert (proof.amr, proof.aal) == (amr, aal)


def test_a_packed_attestation_by_the_key_itself_is_taken() -> None:
    """Browsers let it through although none was asked for."""
    assert made(Authenticator(), said={"fmt": "packed"}).lookup


@pytest.mark.parametrize(
    "said",
    [
        {"client": {"challenge": base64url_encode(b"another challenge of ours")}},
        {"client": {"origin": "https://evil.example"}},
        {"client": {"origin": "https://app.example.com.evil.example"}},
        {"client": {"origin": "http://app.example.com"}},
        {"client": {"origin": "https://app.example.com:8443"}},
        {"client": {"origin": "https://sub.app.example.com"}},
        {"client": {"type": "webauthn.get"}},
        {"client": {"crossOrigin": True}},
        {"client": {"crossOrigin": "no"}},
        {"client": {"topOrigin": "https://evil.example"}},
        {"client_data": b'{"type":"webauthn.create","type":"webauthn.create"}'},
        {"client_data": b"[]"},
        {"rp_id": "example.com"},
        {"flags": UV},
        {"flags": UP | BS},
        {"fmt": "fido-u2f"},
        {"fmt": "tpm"},
        {"fmt": "none", "statement": {"sig": b"x"}},
        {"fmt": "packed", "statement": {"alg": -7, "sig": b"wrong"}},
        {"fmt": "packed", "statement": {"alg": -7, "sig": b"x", "x5c": [b"y"]}},
        {"cose": b""},
        {"cose": cbor2.dumps({1: 2, 3: -7, -1: 1, -2: b"short", -3: b"short"})},
        {"cose": cbor2.dumps({1: 2, 3: -47, -1: 8, -2: bytes(32), -3: bytes(32)})},
        {"cose": cbor2.dumps({1: "OKP", 3: -8})},
        {"cose": cbor2.dumps(cbor2.CBORTag(35, "(a+)+"))},
        {"rest": b"\x00"},
        {"flags": UP | ED},
        {"attestation": b"\xa0"},
        {"attestation": cbor2.dumps([])},
        {"attestation": cbor2.dumps({"fmt": "none"})},
        {"attestation": cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": "text"})},
        {"attestation": cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": b"short"})},
        {"attestation": b"\x81" * 4000},
        {"attestation": b"\x9f" * 4000},
        {"attestation": b"\xbb" + b"\xff" * 8},
    ],
)
def test_a_registration_that_is_not_as_asked_for_is_refused(said: dict[str, Any]) -> None:
    """Another challenge, origin or party, nobody present, an attestation, bad keys, and bytes that are no CBOR."""
    with pytest.raises(LoginFailed):
        made(Authenticator(), said=said)


def test_a_registration_without_verification_is_refused_where_that_is_required() -> None:
    """User verification by policy."""
    with pytest.raises(LoginFailed):
        made(Authenticator(flags=UP), party=STRICT)
    assert made(Authenticator(), party=STRICT).proof.aal == 2


def test_a_registration_for_another_party_is_refused() -> None:
    """What was made for one site is worth nothing at another."""
    with pytest.raises(LoginFailed):
        made(Authenticator(), party=ELSEWHERE)


def test_a_registration_that_tells_of_two_passkeys_is_refused() -> None:
    """The browser's id and the authenticator's have to be the same."""
    challenge, authenticator = new_secret(), Authenticator()
    sent = authenticator.create(creation_options(PARTY, user_id="ada", label="Ada", challenge=challenge))
    sent["id"] = sent["rawId"] = base64url_encode(b"another")
    with pytest.raises(LoginFailed):
        verify_registration(Registration.parse(sent, field="x"), party=PARTY, challenge=challenge)


@pytest.mark.parametrize(
    "said",
    [
        {"client": {"challenge": base64url_encode(b"another challenge of ours")}},
        {"client": {"origin": "https://evil.example"}},
        {"client": {"type": "webauthn.create"}},
        {"client": {"crossOrigin": True}},
        {"rp_id": "evil.example"},
        {"flags": UV},
        {"flags": UP | BE},
        {"flags": UP | BS},
        {"flags": UP | AT},
        {"flags": UP | ED},
        {"rest": b"\xa0"},
        {"signature": b"wrong"},
        {"signature": bytes(64)},
        {"handle": None},
        {"handle": base64url_encode(b"somebody else")},
    ],
)
def test_a_use_that_is_not_as_asked_for_is_refused(said: dict[str, Any]) -> None:
    """Another challenge, origin, party, signature or user; a backup eligibility that changed; bytes after the end."""
    authenticator = Authenticator()
    passkey = kept(made(authenticator))
    with pytest.raises(LoginFailed):
        used(authenticator, passkey, said=said)


def test_extensions_are_read_over() -> None:
    """Their bytes are one CBOR item behind the rest."""
    authenticator = Authenticator()
    passkey = kept(made(authenticator, said={"flags": UP | ED, "rest": cbor2.dumps({"credProtect": 2})}))
    assert used(authenticator, passkey, said={"flags": UP | ED, "rest": cbor2.dumps({"x": True})})[1].aal == 1


def test_a_use_needs_a_finished_passkey_of_that_name() -> None:
    """One that was never confirmed lets nobody in, nor does another one."""
    authenticator = Authenticator()
    passkey = made(authenticator)
    for changes in ({"confirmed_at": None}, {"lookup": "other"}):
        with pytest.raises(LoginFailed):
            used(authenticator, kept(passkey, **changes))


def test_a_use_without_verification_is_refused_where_that_is_required() -> None:
    """As where the passkey was the first factor too."""
    authenticator = Authenticator(flags=UP)
    passkey = kept(made(authenticator))
    assert used(authenticator, passkey)[1].aal == 1
    with pytest.raises(LoginFailed):
        used(authenticator, passkey, verification=True)


def test_whose_it_is_may_be_left_out_where_it_was_asked_for() -> None:
    """An authenticator says so only where it chose by itself."""
    authenticator = Authenticator()
    passkey = kept(made(authenticator))
    assert used(authenticator, passkey, discovered=False, said={"handle": None})[1].aal == 2


@pytest.mark.parametrize(("before", "then"), [(5, 5), (5, 4), (5, 0), (2**32 - 1, 1)])
def test_a_sign_count_that_goes_back_may_be_a_clone(before: int, then: int) -> None:
    """Only where the signature is good: anybody can claim a count."""
    authenticator = Authenticator()
    passkey = kept(made(authenticator), counter=before)
    with pytest.raises(LoginFailed) as cloned:
        used(authenticator, passkey, said={"count": then})
    assert cloned.value.reason == CLONED
    with pytest.raises(LoginFailed) as refused:
        used(authenticator, passkey, said={"count": then, "signature": b"forged"})
    assert refused.value.reason == REFUSED


def test_a_count_that_is_not_kept_stays_nothing() -> None:
    """Passkeys that are synchronised say 0 each time."""
    authenticator = Authenticator(flags=UP | UV | BE | BS)
    credential, _ = used(authenticator, kept(made(authenticator)))
    assert credential.counter == 0
    assert used(authenticator, credential)[0].counter == 0


def test_the_backup_state_is_kept() -> None:
    """It may change each time; whether it can, may not."""
    authenticator = Authenticator(flags=UP | UV | BE)
    passkey = kept(made(authenticator))
    assert passkey.data["backed_up"] == ""
    credential, proof = used(authenticator, passkey, said={"flags": UP | UV | BE | BS})
    assert (credential.data["backed_up"], credential.data["transports"]) == ("1", "hybrid internal")
    assert proof.amr[0] == "swk"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=60).map(base64url_encode),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["id", "rawId", "type", "clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]
)


@pytest.mark.parametrize("parse", [Registration.parse, Assertion.parse])
@given(name=FIELDS, value=JSON)
def test_wrong_types_are_faults_of_the_field(parse: Callable[..., object], name: str, value: Any) -> None:
    """Whatever stands where a text is expected: 422, and never an error of ours."""
    sent: dict[str, Any] = {"id": "AAAA", "rawId": "AAAA", "type": "public-key"}
    sent["response"] = dict.fromkeys(
        ["clientDataJSON", "attestationObject", "authenticatorData", "signature"], "AAAA"
    )
    (sent if name in sent else sent["response"])[name] = value
    with suppress(InvalidInput):
        parse(sent, field="credential")


@given(data=st.data())
def test_truncated_and_changed_bytes_are_refused(data: st.DataObject) -> None:
    """Attestations that were cut, changed or replaced, in any place (hostile CBOR)."""
    challenge = new_secret()
    sent = Authenticator().create(creation_options(PARTY, user_id="ada", label="Ada", challenge=challenge))
    whole = bytearray(base64url_decode(sent["response"]["attestationObject"].encode()))
    place = data.draw(st.integers(0, len(whole) - 1))
    how = data.draw(st.sampled_from(["cut", "change", "insert", "replace"]))
    noise = data.draw(st.binary(min_size=1, max_size=40))
    hostile = {
        "cut": whole[:place],
        "change": whole[:place] + noise[:1] + whole[place + 1 :],
        "insert": whole[:place] + noise + whole[place:],
        "replace": noise,
    }[how]
    sent["response"]["attestationObject"] = base64url_encode(bytes(hostile)) or "AAAA"
    try:
        verify_registration(Registration.parse(sent, field="x"), party=PARTY, challenge=challenge)
    except LoginFailed:
        return
    assert how in {
        "change",
        "insert",
    }  # an aaguid, a count or a flag: nothing of an unattested passkey vouches for it


@given(authenticator_data=st.binary(max_size=80), signature=st.binary(min_size=1, max_size=80))
def test_assertions_of_noise_are_refused(authenticator_data: bytes, signature: bytes) -> None:
    """Bytes that no authenticator made."""
    sent = {
        "clientDataJSON": base64url_encode(
            b'{"type":"webauthn.get","challenge":"AAAA","origin":"' + ORIGIN.encode() + b'"}'
        ),
        "authenticatorData": base64url_encode(authenticator_data or b"x"),
        "signature": base64url_encode(signature),
    }
    response = Assertion.parse({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": sent}, field="x")
    credential = kept(Made(lookup="AAAA", public_key="AAAA", counter=0, data={}, proof=Proof()))
    with pytest.raises(LoginFailed):
        verify_assertion(
            response, credential, party=PARTY, challenge="AAAA", verification=False, discovered=False, now=NOW
        )


def test_a_form_carries_it_as_text() -> None:
    """One field with a JSON object in it, read as strictly as a body."""
    assert parse_json('{"id": "AAAA"}', field="passkey") == {"id": "AAAA"}
    for text in ("", "[]", '{"id": 1, "id": 2}'):
        with pytest.raises(InvalidInput) as refused:
            parse_json(text, field="passkey")
        assert refused.value.faults[0].pointer == "/passkey"
