"""The ID token: who signed in, when, by whose word, for whom (OpenID Connect Core §2, §3.1.3.7; OAU-03, OAU-06)."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from handstamp.core import jws
from handstamp.core.encoding import base64url_encode
from handstamp.core.errors import InvalidToken, LoginFailed
from handstamp.core.keys import Key
from handstamp.login.oauth.claims import subject
from handstamp.login.oauth.exchange import INVALID_RESPONSE
from handstamp.login.oauth.flow import same

MAX_BYTES: Final = 16_384
LEEWAY: Final = 60.0
"""Seconds that the provider's clock and ours may differ."""
HASHES: Final = {
    "RS256": hashlib.sha256,
    "PS256": hashlib.sha256,
    "ES256": hashlib.sha256,
    "EdDSA": hashlib.sha512,
    "Ed25519": hashlib.sha512,
}
"""The algorithms that a provider may sign with, and the hash of each for ``at_hash``. Asymmetric ones only: with
a shared secret, whoever can check an ID token can make one."""


def parse(token: str) -> jws.Parsed:
    """Take an ID token apart, so that its key can be found; nothing is verified yet.

    Raises:
        LoginFailed: ``invalid_response``; it is no JWS, or names no key, or another algorithm than ``HASHES`` has.
    """
    try:
        parsed = jws.parse(token, max_bytes=MAX_BYTES)
        _ = parsed.kid
    except InvalidToken as error:
        raise LoginFailed(INVALID_RESPONSE, f"the ID token cannot be read: {error}") from error
    algorithm = parsed.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in HASHES:
        raise LoginFailed(INVALID_RESPONSE, "the ID token is signed with an algorithm that we do not accept")
    return parsed


def verify(
    parsed: jws.Parsed,
    key: Key,
    *,
    issuer: str,
    client_id: str,
    nonce: str | None,
    access_token: str,
    now: float,
) -> dict[str, Any]:
    """The claims of an ID token that is authentic, from the issuer, for us, for this sign-in, and valid now.

    Args:
        parsed: From ``parse``.
        key: The one that the provider publishes under the token's ``kid``.
        issuer: Must be ``iss``, letter for letter.
        client_id: Ours; must be in ``aud``, and be ``azp`` where others are in ``aud`` too.
        nonce: The flow's; must be ``nonce``.
        access_token: That came with it; must fit ``at_hash``, where there is one.
        now: Seconds since the epoch.

    Raises:
        LoginFailed: ``invalid_response``; the message says which check failed.
    """
    try:
        claims = jws.claims(jws.verify_parsed(parsed, key, typ=None))
    except InvalidToken as error:
        raise LoginFailed(INVALID_RESPONSE, f"the ID token does not verify: {error}") from error
    _require(claims.get("iss") == issuer, "is of another issuer")
    _require(_is_for(claims, client_id), "is for someone else")
    _check_times(claims, now)
    _require(_is_text(claims.get("nonce")) and same(nonce, claims["nonce"]), "has another nonce")
    if "at_hash" in claims:
        expected = access_token_hash(parsed.header["alg"], access_token)
        _require(_is_text(claims["at_hash"]) and same(expected, claims["at_hash"]), "has another at_hash")
    subject(claims.get("sub"))
    return claims


def require_new_sign_in(claims: Mapping[str, Any], since: float, *, says_when: bool) -> None:
    """Let only claims pass of somebody who signed in anew (OpenID Connect Core §3.1.3.7, 13).

    Args:
        claims: From ``verify``.
        since: When the person set out, in seconds since the epoch.
        says_when: Whether the provider has to say when it was. If it says so, it counts in any case.

    Raises:
        LoginFailed: ``invalid_response``; it was before, or is not said.
    """
    if "auth_time" in claims or says_when:
        at = claims.get("auth_time", 0)
        _require(_is_time(at) and at >= since - LEEWAY, "is of a sign-in of before")


def access_token_hash(algorithm: str, access_token: str) -> str:
    """The ``at_hash`` of an access token: the left half of its hash (OpenID Connect Core §3.1.3.6).

    Args:
        algorithm: Of the ID token; one of ``HASHES``.
        access_token: ASCII.
    """
    digest = HASHES[algorithm](access_token.encode("ascii")).digest()
    return base64url_encode(digest[: len(digest) // 2])


def _is_for(claims: Mapping[str, Any], client_id: str) -> bool:
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or client_id not in audiences:
        return False
    if "azp" in claims:
        return bool(claims["azp"] == client_id)
    return audiences == [client_id]


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    _require(_is_time(claims.get("exp")) and now < claims["exp"] + LEEWAY, "has expired")
    _require(_is_time(claims.get("iat")) and claims["iat"] <= now + LEEWAY, "is from the future")
    if "nbf" in claims:
        _require(_is_time(claims["nbf"]) and claims["nbf"] <= now + LEEWAY, "is not valid yet")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require(condition: bool, fault: str) -> None:  # noqa: FBT001  it is the whole point of the function
    if not condition:
        raise LoginFailed(INVALID_RESPONSE, f"the ID token {fault}")
