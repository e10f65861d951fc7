"""Keys, key rings and the strength of secrets."""

import copy
import itertools

import pytest
from joserfc.jwk import OctKey

from handmade import OTHER_SECRET, SECRET, b64, hkdf
from handstamp.core import jws
from handstamp.core.errors import ConfigurationError, InvalidKey, InvalidToken
from handstamp.core.ids import new_secret
from handstamp.core.keys import Key, KeyRing, Purpose, check_secret

ring = KeyRing.from_secrets([SECRET], Purpose.SESSION)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_key_is_derived_by_hkdf_with_the_label_of_its_purpose(purpose: Purpose) -> None:
    """Computed here from RFC 5869 alone: whoever changes it signs everybody out."""
    key = KeyRing.from_secrets([SECRET], purpose).signing
    assert key.material.raw_value == hkdf(SECRET, f"handstamp/1/{purpose}")
    assert key.kid == b64(hkdf(SECRET, f"handstamp/1/{purpose}/kid", 9))
    assert key.algorithm == "HS256"


def test_labels_are_part_of_the_format() -> None:
    """A value changed is every key changed."""
    assert set(Purpose) == {
        "session",
        "flow",
        "provider-token",
        "totp-secret",
        "step",
        "browser",
        "link",
        "mail",
        "private-key",
    }


@pytest.mark.parametrize(("made_for", "presented_as"), list(itertools.permutations(Purpose, 2)))
def test_a_token_of_one_purpose_is_worthless_for_another(made_for: Purpose, presented_as: Purpose) -> None:
    """One secret, yet no key in common, whether looked up or handed over (JWT-11, CVE-2026-110864)."""
    maker, reader = (KeyRing.from_secrets([SECRET], purpose) for purpose in (made_for, presented_as))
    token = jws.sign({"sub": "someone"}, maker.signing, typ="any")
    with pytest.raises(InvalidToken):
        jws.verify_by_kid(token, reader.find, typ="any")
    with pytest.raises(InvalidToken):
        jws.verify(token, reader.signing, typ="any")


def test_the_newest_secret_signs_and_all_verify() -> None:
    """A secret is changed by putting a new one before it."""
    old, both = ring, KeyRing.from_secrets([OTHER_SECRET, SECRET], Purpose.SESSION)
    assert both.signing.kid == KeyRing.from_secrets([OTHER_SECRET], Purpose.SESSION).signing.kid
    token = jws.sign({}, old.signing, typ="any")
    assert jws.verify_by_kid(token, both.find, typ="any") == b"{}"
    with pytest.raises(InvalidToken):
        jws.verify_by_kid(jws.sign({}, both.signing, typ="any"), old.find, typ="any")


@pytest.mark.parametrize(
    "kid", ["", "unknown", "../etc/passwd", "' OR 1=1 --", "\0", "k" * 10_000], ids=lambda k: k[:16]
)
def test_an_unknown_kid_finds_no_key(kid: str) -> None:
    """It raises the class of every bad token (JWT-13)."""
    with pytest.raises(InvalidToken):
        ring.find(kid)


def test_key_material_is_never_shown() -> None:
    """Neither text nor bytes nor base64 of it, in any repr."""
    material = ring.signing.material.raw_value
    shown = f"{ring!r} {ring.signing!r} {copy.copy(ring.signing)} {[ring.signing]}"
    assert ring.signing.kid in shown
    assert isinstance(material, bytes)
    for secret in (SECRET, repr(material), b64(material), material.hex()):
        assert secret not in shown


def test_a_ring_without_keys_or_secrets_cannot_be_made() -> None:
    """The message says how to get one."""
    with pytest.raises(ConfigurationError, match="handstamp secret"):
        KeyRing([])
    with pytest.raises(ConfigurationError, match="handstamp secret"):
        KeyRing.from_secrets([], Purpose.SESSION)


def test_a_secret_twice_is_refused() -> None:
    """Someone meant to change it and did not."""
    with pytest.raises(ConfigurationError, match="twice") as caught:
        KeyRing.from_secrets([SECRET, OTHER_SECRET, SECRET], Purpose.SESSION)
    assert SECRET not in str(caught.value)


def test_two_keys_with_one_kid_are_refused() -> None:
    """Each kid finds one key (JWT-15)."""
    with pytest.raises(ConfigurationError, match="kid"):
        KeyRing([ring.signing, ring.signing])


def test_a_weak_secret_makes_no_ring() -> None:
    """The check cannot be forgotten."""
    with pytest.raises(ConfigurationError):
        KeyRing.from_secrets(["secret"], Purpose.SESSION)


@pytest.mark.parametrize("kid", ["", "k" * 129, "a\nb", "a\0"], ids=["empty", "long", "newline", "NUL"])
def test_a_key_needs_an_acceptable_kid(kid: str) -> None:
    """1 to 128 printable characters."""
    with pytest.raises(InvalidKey):
        Key(kid, "HS256", OctKey.import_key(bytes(range(32))))


WEAK = {
    "empty": "",
    "default": "secret",
    "31 characters": new_secret()[:31],
    "one character": "x" * 64,
    "a word repeated": "changeme" * 8,
    "a longer text repeated": new_secret()[:20] * 3,
    "few characters": "abcabcbacbbacbabcbacbabcbacbabcabcbabacb",
    "digits in order": "01234567890123456789012345678901234567890",
    "alphabet": "abcdefghijklmnopqrstuvwxyz0123456789",
    "placeholder": "please-CHANGE-me-before-production-9x7Q2",
    "sample of a tutorial": "your-256-bit-secret-goes-here-1q2w3e4r5t",
    "sample of jwt.io": "a-string-secret-at-least-256-bits-long",
    "django": "django-insecure-#8r5k$3m!z0qw9x7v2t1yb4n6p",
    "RFC 7515 appendix A.1": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    "tutorial of FastAPI": "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "trailing newline": new_secret() + "\n",
    "leading space": " " + new_secret(),
    "undecodable byte": new_secret() + "\udcff",
}


@pytest.mark.parametrize("secret", WEAK.values(), ids=WEAK)
def test_a_weak_secret_is_refused_without_being_shown(secret: str) -> None:
    """Too short, too uniform, repeated, known, or with something invisible in it."""
    with pytest.raises(ConfigurationError) as caught:
        check_secret(secret)
    if len(secret) > len("secret"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "secret", ["x" * 40, "short", "change-me-" * 2 + new_secret()], ids=["uniform", "short", "known"]
)
def test_the_refusal_says_how_to_make_a_better_one(secret: str) -> None:
    """The message names the command."""
    with pytest.raises(ConfigurationError, match="handstamp secret"):
        check_secret(secret)


def test_what_we_generate_is_strong() -> None:
    """The command's own secrets pass, and so do 32 random bytes in hexadecimal."""
    for _ in range(500):
        check_secret(new_secret())
    check_secret("5f8a1c9e3b7d2046e8f1a5c3b9d7024613579bdf02468ace1a2b3c4d5e6f7089")
    check_secret("Grüße aus der Küche: 7 Löffel Zucker, 3 Äpfel")
