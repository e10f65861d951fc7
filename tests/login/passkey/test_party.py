"""For whom passkeys are made."""

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import CredentialKind
from handstamp.login.passkey.party import RelyingParty, creation_options, request_options, user_handle
from handstamp.testing import a_credential

PARTY = RelyingParty(id="example.com", name="Example", origin="https://app.example.com")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://[::1]:8000", "https://203.0.113.7"])
def test_an_address_is_no_party(origin: str) -> None:
    """Browsers bind passkeys to domains alone: who starts on an address is told what to do instead."""
    host = origin.partition("//")[2].rpartition(":8000")[0] or "203.0.113.7"
    with pytest.raises(ConfigurationError, match="http://localhost:PORT"):
        RelyingParty(id=host.strip("[]"), name="Example", origin=origin)


@pytest.mark.parametrize("identifier", ["other.example", "ample.com", "deep.app.example.com", ""])
def test_a_party_is_the_host_or_above(identifier: str) -> None:
    """Anything else no browser would take."""
    with pytest.raises(ConfigurationError, match="rp_id"):
        RelyingParty(id=identifier, name="Example", origin="https://app.example.com")


def test_the_handle_says_nothing_of_the_user() -> None:
    """The same each time, another for each user, without the id in it (Web Authentication §14.6.1)."""
    assert user_handle("ada") == user_handle("ada") != user_handle("bob")
    assert len(user_handle("ada")) == 32
    assert b"ada" not in user_handle("ada")


def test_what_is_asked_of_an_authenticator_that_makes_one() -> None:
    """Discoverable, without attestation, not on one that has one, verification as the policy says."""
    existing = a_credential("ada", CredentialKind.PASSKEY, lookup="AAAA", data={"transports": "usb nfc"})
    bare = a_credential("ada", CredentialKind.PASSKEY, lookup="BBBB", data={})
    options = creation_options(PARTY, user_id="ada", label="Ada", challenge="c", existing=[existing, bare])
    assert options["excludeCredentials"] == [
        {"type": "public-key", "id": "AAAA", "transports": ["usb", "nfc"]},
        {"type": "public-key", "id": "BBBB"},
    ]
    assert options["rp"] == {"id": "example.com", "name": "Example"}
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "preferred",
    }
    assert options["timeout"] == 300_000
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]


def test_what_is_asked_of_one_that_uses_one() -> None:
    """Nobody's passkeys are named unless it is known whose they are."""
    assert request_options(PARTY, challenge="c") == {
        "rpId": "example.com",
        "challenge": "c",
        "timeout": 300_000,
        "allowCredentials": [],
        "userVerification": "preferred",
    }
    assert request_options(PARTY, challenge="c", verification="required")["userVerification"] == "required"
