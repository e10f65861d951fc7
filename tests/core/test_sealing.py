"""Sealed values."""

import itertools
from base64 import urlsafe_b64decode

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from handmade import OTHER_SECRET, SECRET, b64, hkdf
from handstamp.core.errors import ConfigurationError, InvalidToken
from handstamp.core.keys import KeyRing, Purpose
from handstamp.core.sealing import Sealer

CONTEXT = b"__Host-Http-flow-abc"
PAYLOAD = b'{"state":"xyz","return_to":"/reports"}'
sealer = Sealer([SECRET], Purpose.FLOW)
SEALED = sealer.seal(PAYLOAD, context=CONTEXT)


def refused(sealed: bytes | str, context: bytes = CONTEXT) -> None:
    """Assert that the value does not open."""
    with pytest.raises(InvalidToken):
        sealer.open(sealed, context=context)


@given(st.binary(max_size=500), st.binary(max_size=40))
def test_what_was_sealed_opens(payload: bytes, context: bytes) -> None:
    """Text or bytes."""
    sealed = sealer.seal(payload, context=context)
    assert sealer.open(sealed, context=context) == payload
    assert sealer.open(sealed.encode(), context=context) == payload


def test_a_sealed_value_is_what_the_docstring_says() -> None:
    """Key id, nonce, ciphertext and tag under AES-256-GCM with a derived key, computed here from the standards."""
    data = urlsafe_b64decode(SEALED + "==")
    assert data[:9] == hkdf(SECRET, "handstamp/1/flow/seal/kid", 9)
    key = hkdf(SECRET, "handstamp/1/flow/seal")
    assert AESGCM(key).decrypt(data[9:21], data[21:], CONTEXT) == PAYLOAD


def test_no_two_sealed_values_are_the_same() -> None:
    """The nonce is random."""
    assert len({sealer.seal(PAYLOAD, context=CONTEXT) for _ in range(100)}) == 100


def test_a_sealed_value_shows_nothing_of_its_payload() -> None:
    """Neither as it is nor in base64."""
    assert b64(PAYLOAD)[:12] not in SEALED


@pytest.mark.parametrize("context", [b"", CONTEXT + b"x", CONTEXT[:-1], b"__Host-Http-session"])
def test_a_value_opens_only_in_its_context(context: bytes) -> None:
    """A cookie moved under another name is worthless."""
    refused(SEALED, context)


@pytest.mark.parametrize(("made_for", "presented_as"), list(itertools.permutations(Purpose, 2)))
def test_a_value_sealed_for_one_purpose_is_worthless_for_another(made_for: Purpose, presented_as: Purpose) -> None:
    """One key for several purposes let one value pass for another elsewhere (CVE-2026-110864, CVE-2026-121802)."""
    sealed = Sealer([SECRET], made_for).seal(PAYLOAD, context=CONTEXT)
    with pytest.raises(InvalidToken):
        Sealer([SECRET], presented_as).open(sealed, context=CONTEXT)


@pytest.mark.parametrize(("made_for", "presented_as"), list(itertools.permutations(Purpose, 2)))
def test_the_key_id_is_not_what_tells_purposes_apart(made_for: Purpose, presented_as: Purpose) -> None:
    """With the other purpose's key id put in front, the value still does not open."""
    other = Sealer([SECRET], presented_as)
    kid = urlsafe_b64decode(other.seal(b"", context=b"") + "==")[:9]
    data = urlsafe_b64decode(Sealer([SECRET], made_for).seal(PAYLOAD, context=CONTEXT) + "==")
    with pytest.raises(InvalidToken):
        other.open(b64(kid + data[9:]), context=CONTEXT)


@pytest.mark.parametrize("purpose", Purpose)
def test_no_key_both_signs_and_seals(purpose: Purpose) -> None:
    """Even within one purpose, two algorithms have two keys."""
    assert KeyRing.from_secrets([SECRET], purpose).signing.material.raw_value != hkdf(
        SECRET, f"handstamp/1/{purpose}/seal"
    )


def test_the_newest_secret_seals_and_all_open() -> None:
    """A secret is changed by putting a new one before it."""
    both = Sealer([OTHER_SECRET, SECRET], Purpose.FLOW)
    assert both.open(SEALED, context=CONTEXT) == PAYLOAD
    refused(both.seal(PAYLOAD, context=CONTEXT))


def test_weak_missing_and_repeated_secrets_are_refused() -> None:
    """The same rules as for signing keys."""
    for secrets in ([], ["secret"], [SECRET, SECRET]):
        with pytest.raises(ConfigurationError):
            Sealer(secrets, Purpose.FLOW)


def test_what_is_too_long_is_neither_sealed_nor_opened() -> None:
    """The limit is on the sealed value, at its edge."""
    exact = Sealer([SECRET], Purpose.FLOW, max_bytes=len(SEALED))
    assert exact.open(exact.seal(PAYLOAD, context=CONTEXT), context=CONTEXT) == PAYLOAD
    small = Sealer([SECRET], Purpose.FLOW, max_bytes=len(SEALED) - 1)
    with pytest.raises(ValueError, match="longer"):
        small.seal(PAYLOAD, context=CONTEXT)
    with pytest.raises(InvalidToken):
        small.open(SEALED, context=CONTEXT)


BAD = {
    "empty": "",
    "garbage": "garbage",
    "not ASCII": "ä" * 60,
    "lone surrogate": "\ud800",
    "padding": SEALED + "=",
    "newline": SEALED + "\n",
    "key id alone": SEALED[:12],
    "key id and nonce": SEALED[:28],
    "tag cut": SEALED[:48],
    "unknown key": "A" * 80,
    "one megabyte": "A" * 1_000_000,
}


@pytest.mark.parametrize("sealed", BAD.values(), ids=BAD)
def test_what_we_did_not_seal_does_not_open(sealed: str) -> None:
    """Whatever it is, the class is the same."""
    refused(sealed)


@given(st.data())
def test_any_changed_character_is_refused(data: st.DataObject) -> None:
    """One character replaced, anywhere."""
    position = data.draw(st.integers(0, len(SEALED) - 1))
    character = data.draw(st.sampled_from("AQgwZ059-_=+/. \nä").filter(lambda c: c != SEALED[position]))
    refused(SEALED[:position] + character + SEALED[position + 1 :])


@given(st.integers(0, len(SEALED)), st.characters())
def test_any_inserted_character_is_refused(position: int, character: str) -> None:
    """One character more, anywhere."""
    refused(SEALED[:position] + character + SEALED[position:])


@given(st.integers(0, len(SEALED) - 1))
def test_any_truncation_is_refused(length: int) -> None:
    """Nothing short of the whole opens."""
    refused(SEALED[:length])


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: b64(data).encode()))
def test_arbitrary_bytes_are_refused_with_the_one_class(sealed: bytes) -> None:
    """Nothing but InvalidToken leaves."""
    refused(sealed)


def test_a_value_of_an_older_secret_is_told_from_one_of_the_newest() -> None:
    """Whoever keeps it may seal it anew."""
    changed = Sealer([OTHER_SECRET, SECRET], Purpose.FLOW)
    assert changed.open(SEALED, context=CONTEXT) == PAYLOAD
    assert not changed.is_newest(SEALED)
    assert changed.is_newest(changed.seal(PAYLOAD, context=CONTEXT))
    assert sealer.is_newest(SEALED)
