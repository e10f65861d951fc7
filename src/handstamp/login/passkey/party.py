"""For whom passkeys are made: the relying party, and what it asks of authenticators (Web Authentication Level 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from handstamp.core.encoding import base64url_encode
from handstamp.core.errors import ConfigurationError
from handstamp.core.models import Credential

LIFETIME: Final = 300.0
"""Seconds that people have, from the moment that their browser asked for a challenge."""

ALGORITHMS: Final = (-7, -8, -257)
"""ES256, EdDSA and RS256 (COSE: RFC 9053, RFC 8812), the one that is liked best first: every authenticator has one of
them, and some that have EdDSA write its keys wrongly."""

Verification = Literal["preferred", "required"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Who asks for passkeys, and at which origin alone."""

    id: str
    """A domain: the origin's host, or one above it. Passkeys are bound to it for good."""
    name: str
    origin: str
    verification: Verification = "preferred"
    """Whether authenticators have to verify the person, by PIN, finger or face, or shall if they can."""

    def __post_init__(self) -> None:
        host = urlsplit(self.origin).hostname or ""
        if _is_address(host):
            raise ConfigurationError(
                f"passkeys are bound to a domain, and {host} is an address: "
                'set the origin to a name; on your own machine that is origin="http://localhost:PORT"'
            )
        if host != self.id and not host.endswith(f".{self.id}"):
            raise ConfigurationError(
                f"passkeys for {self.id} do not work at {host}: rp_id is that, or a domain above"
            )


def user_handle(user_id: str) -> bytes:
    """What authenticators know a user by: the same for all passkeys of one, and nothing that says who (§14.6.1)."""
    return sha256(f"handstamp passkey\0{user_id}".encode()).digest()


def creation_options(
    party: RelyingParty, *, user_id: str, label: str, challenge: str, existing: Sequence[Credential] = ()
) -> dict[str, Any]:
    """What a browser needs to make a passkey (§5.4), as ``parseCreationOptionsFromJSON`` takes it.

    Args:
        party: Who asks.
        user_id: For whom.
        label: What the authenticator shows to tell accounts apart.
        challenge: 256 random bits in base64url.
        existing: The passkeys that the user has: an authenticator that holds one makes no second.
    """
    return {
        "rp": {"id": party.id, "name": party.name},
        "user": {"id": base64url_encode(user_handle(user_id)), "name": label, "displayName": label},
        "challenge": challenge,
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "timeout": int(LIFETIME * 1000),
        "excludeCredentials": [_descriptor(one) for one in existing],
        "authenticatorSelection": {
            "residentKey": "required",  # without it nobody could sign in without a user name
            "requireResidentKey": True,
            "userVerification": party.verification,
        },
        "attestation": "none",  # which model it is, is nobody's business here
    }


def request_options(
    party: RelyingParty,
    *,
    challenge: str,
    allowed: Sequence[Credential] = (),
    verification: Verification | None = None,
) -> dict[str, Any]:
    """What a browser needs to use a passkey (§5.5), as ``parseRequestOptionsFromJSON`` takes it.

    Args:
        party: Who asks.
        challenge: 256 random bits in base64url.
        allowed: The passkeys that will do. None named: whichever the browser knows, so that nobody has to say first
            who they are, and nobody learns which passkeys somebody has.
        verification: Other than the party's.
    """
    return {
        "rpId": party.id,
        "challenge": challenge,
        "timeout": int(LIFETIME * 1000),
        "allowCredentials": [_descriptor(one) for one in allowed],
        "userVerification": verification or party.verification,
    }


def _descriptor(credential: Credential) -> Mapping[str, object]:
    transports = credential.data.get("transports", "").split()
    return {"type": "public-key", "id": credential.lookup} | ({"transports": transports} if transports else {})


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
