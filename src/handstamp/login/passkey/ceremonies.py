"""The two ceremonies of Web Authentication Level 3: making a passkey (§7.1) and using one (§7.2).

Signatures, keys and the order of the steps are those of the package webauthn; it is loaded when the first passkey
comes. What it is lenient about is looked at here: JSON with a member twice, frames of other sites, CBOR that no
authenticator writes, attestations that nobody asked for, and the sign count, which counts only once the signature is
known to be good.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from handstamp.core.encoding import base64url_decode, base64url_encode, json_object
from handstamp.core.errors import LoginFailed
from handstamp.core.models import AAL2, Credential, Proof
from handstamp.login.passkey.cbor import check_item, end_of_item
from handstamp.login.passkey.party import ALGORITHMS, RelyingParty, user_handle
from handstamp.login.passkey.responses import Assertion, Registration

_AUTHENTICATOR_DATA_HEAD: Final = 37
"""Bytes: the hash of the relying party's id, flags, sign count (§6.1)."""
_FLAGS: Final = 32
_ATTESTED: Final = 0x40
_EXTENDED: Final = 0x80
_AAGUID_BYTES: Final = 16

_YES: Final = "1"


REFUSED: Final = "passkey_refused"
"""The reason where a passkey did not prove what it had to. The message is for the audit trail."""
CLONED: Final = "passkey_cloned"
"""The reason where the signature is good, and the sign count went back: there may be two of this passkey (§6.1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A passkey that was made just now, verified."""

    lookup: str
    """Its credential id, in base64url."""
    public_key: str
    counter: int
    data: Mapping[str, str]
    proof: Proof


def verify_registration(response: Registration, *, party: RelyingParty, challenge: str) -> Made:
    """Finish the making of a passkey.

    Args:
        response: From the browser.
        party: Who asked for it.
        challenge: What it was asked with, in base64url.

    Raises:
        LoginFailed: ``passkey_refused``: another challenge, origin or relying party; nobody was present, or nobody
            was verified where that is required; a signature or key that is none.
    """
    from webauthn import verify_registration_response  # noqa: PLC0415  the extra; 100 ms that only passkeys cost

    with _judging():
        _check_client_data(response.client_data)
        _check_attestation(response.attestation)
        verified = verify_registration_response(
            credential=response.to_json(base64url_encode),
            expected_challenge=base64url_decode(challenge.encode()),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=party.verification == "required",
            supported_pub_key_algs=_algorithms(),
        )
        _check_key(verified.credential_public_key)
    lookup = base64url_encode(verified.credential_id)
    if lookup != response.id:
        raise LoginFailed(REFUSED, "the browser and the authenticator tell of different passkeys")
    backed_up, eligible = verified.credential_backed_up, verified.credential_device_type.value == "multi_device"
    return Made(
        lookup=lookup,
        public_key=base64url_encode(verified.credential_public_key),
        counter=verified.sign_count,
        data={
            "aaguid": verified.aaguid,
            "transports": " ".join(response.transports),
            "backup_eligible": _flag(eligible),
            "backed_up": _flag(backed_up),
        },
        proof=proof_of(eligible=eligible, verified=verified.user_verified),
    )


def verify_assertion(
    response: Assertion,
    credential: Credential,
    *,
    party: RelyingParty,
    challenge: str,
    verification: bool,
    discovered: bool,
    now: float,
) -> tuple[Credential, Proof]:
    """Finish the use of a passkey: the credential as it is to be kept, and what was proved.

    Args:
        response: From the browser.
        credential: The one that it names.
        party: Who asked.
        challenge: What was asked with, in base64url.
        verification: Whether the person has to have been verified.
        discovered: Whether the authenticator chose the passkey: then it has to say whose it is.
        now: Seconds since the epoch.

    Raises:
        LoginFailed: ``passkey_refused``: as for ``verify_registration``; or it says to be another user's, or whether
            it can be backed up has changed.
            ``passkey_cloned``: its sign count did not go up.
    """
    from webauthn import verify_authentication_response  # noqa: PLC0415  the extra, as above

    if response.id != credential.lookup or credential.confirmed_at is None:
        raise LoginFailed(REFUSED, "the passkey is another one, or was never finished")
    if response.handle is None and discovered:
        raise LoginFailed(REFUSED, "the authenticator does not say whose passkey it is")
    if response.handle is not None and response.handle != user_handle(credential.user_id):
        raise LoginFailed(REFUSED, "the passkey says to be another user's")
    with _judging():
        _check_client_data(response.client_data)
        _check_authenticator_data(response.authenticator_data)
        verified = verify_authentication_response(
            credential=response.to_json(base64url_encode),
            expected_challenge=base64url_decode(challenge.encode()),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=base64url_decode(credential.secret.encode()),
            credential_current_sign_count=0,  # looked at below: it is worth nothing before the signature is good
            require_user_verification=verification,
        )
    eligible = verified.credential_device_type.value == "multi_device"
    if _flag(eligible) != credential.data.get("backup_eligible"):
        raise LoginFailed(REFUSED, "whether the passkey can be backed up has changed")
    if (verified.new_sign_count or credential.counter) and verified.new_sign_count <= credential.counter:
        raise LoginFailed(CLONED, f"the sign count was {credential.counter} and is {verified.new_sign_count}")
    becomes = replace(
        credential,
        counter=verified.new_sign_count,
        last_used_at=now,
        data={**credential.data, "backed_up": _flag(verified.credential_backed_up)},
    )
    return becomes, proof_of(eligible=eligible, verified=verified.user_verified)


def proof_of(*, eligible: bool, verified: bool) -> Proof:
    """What a passkey proves (RFC 8176 §2).

    ``hwk`` where the key can never leave its authenticator, ``swk`` where it can be copied to others, whether that
    has happened or not. Both are the authenticator's word: nothing is attested. ``user``, since somebody was present.
    ``mfa`` and AAL 2 only where the authenticator verified that person: possession, and what unlocks it (NIST SP
    800-63B-4 §2.2.1, §B.3 for keys that are synchronised).
    """
    key = "swk" if eligible else "hwk"
    return Proof(amr=(key, "user", "mfa"), aal=AAL2) if verified else Proof(amr=(key, "user"))


def _algorithms() -> list[Any]:
    from webauthn.helpers.cose import COSEAlgorithmIdentifier  # noqa: PLC0415  the extra, as above

    return [COSEAlgorithmIdentifier(algorithm) for algorithm in ALGORITHMS]


@contextmanager
def _judging() -> Generator[None]:
    try:
        yield
    except Exception as error:
        raise LoginFailed(REFUSED, f"{type(error).__name__}: {error}") from error


def _check_client_data(data: bytes) -> None:
    """One reading of it, and not from inside a frame of another site (§5.8.1, steps 10 and 11 of §7.1)."""
    client_data = json_object(data)
    if client_data.get("crossOrigin", False) is not False or "topOrigin" in client_data:
        raise ValueError("it was asked for in a frame of another site")


def _check_key(key: bytes) -> None:
    """It is one: without attestation nobody has used it yet."""
    from webauthn.helpers import (  # noqa: PLC0415  the extra, as above
        decode_credential_public_key,
        decoded_public_key_to_cryptography,
    )

    decoded_public_key_to_cryptography(decode_credential_public_key(key))


def _check_attestation(data: bytes) -> None:
    """No attestation, as asked for, or one by the key itself, which browsers let through (§5.1.3, step 24)."""
    from webauthn.helpers import parse_cbor  # noqa: PLC0415  the extra, as above

    check_item(data)
    attestation = parse_cbor(data)
    if attestation["fmt"] not in {"none", "packed"} or "x5c" in attestation["attStmt"]:
        raise ValueError("an attestation that nobody asked for")
    _check_authenticator_data(attestation["authData"])


def _check_authenticator_data(data: bytes) -> None:
    """After the head a key and extensions, each one CBOR item, where the flags say so, and nothing else (§6.1)."""
    flags = data[_FLAGS]
    position = _AUTHENTICATOR_DATA_HEAD
    if flags & _ATTESTED:
        id_length = position + _AAGUID_BYTES
        position = id_length + 2 + int.from_bytes(data[id_length : id_length + 2], "big")
        position = end_of_item(data, position)
    if flags & _EXTENDED:
        position = end_of_item(data, position)
    if position != len(data):
        raise ValueError("the authenticator data goes on after its end, or ends too early")


def _flag(value: bool) -> str:  # noqa: FBT001  what it is about
    return _YES if value else ""
