"""JSON Web Signatures in compact form (RFC 7515 §7.1), read strictly.

First ``parse`` takes the token apart and refuses whatever two parsers could read differently; then a key that was
chosen without the token's help verifies it (RFC 8725). Every fault is ``InvalidToken``.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from handstamp.core.encoding import CANONICAL, base64url_encode, decode_canonical, json_object
from handstamp.core.errors import InvalidToken
from handstamp.core.keys import Key, is_kid

MAX_TOKEN_BYTES: Final = 4096

_three_segments: Final = re.compile(rf"({CANONICAL})\.({CANONICAL})\.({CANONICAL})".encode("ascii")).fullmatch
_compact: Final = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Parsed:
    """A token taken apart. Nothing in it is verified: only ``verify_parsed`` says that it is authentic."""

    header: Mapping[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes

    @property
    def kid(self) -> str:
        """The key id of the header.

        Raises:
            InvalidToken: There is none.
        """
        kid = self.header.get("kid")
        if not is_kid(kid):
            raise InvalidToken("no kid")
        return kid


def parse(token: bytes | str, *, max_bytes: int = MAX_TOKEN_BYTES) -> Parsed:
    """Take a compact JWS apart, and verify nothing.

    ``jwk``, ``jku``, ``x5u`` and ``x5c`` in the header mean nothing here (RFC 8725 §3.10).

    Args:
        token: As it was received.
        max_bytes: Anything longer is refused unread.

    Raises:
        InvalidToken: Not three segments of canonical base64url with a header that is a strict JSON object; an
            extension that must be understood (``crit``, RFC 7515 §4.1.11, or ``b64``, RFC 7797); or a ``kid`` that
            is not a string of 1 to 128 printable characters.
    """
    if len(token) > max_bytes:
        raise InvalidToken(f"longer than {max_bytes} bytes")
    try:
        data = token.encode("ascii") if isinstance(token, str) else token
        segments = _three_segments(data)
        if segments is None:
            raise InvalidToken("not three segments of canonical base64url")
        header = json_object(decode_canonical(segments[1]))
    except ValueError as error:
        raise InvalidToken("not ASCII, or the header is not a strict JSON object") from error
    if "crit" in header or "b64" in header:
        raise InvalidToken("an extension that must be understood")
    if "kid" in header and not is_kid(header["kid"]):
        raise InvalidToken("the kid cannot be one")
    return Parsed(
        header=header,
        payload=decode_canonical(segments[2]),
        signing_input=data[: segments.end(2)],
        signature=decode_canonical(segments[3]),
    )


def verify_parsed(parsed: Parsed, key: Key, *, typ: str | None) -> bytes:
    """Verify a token with one key, and give its payload.

    Args:
        parsed: What ``parse`` made of the token.
        key: The header's ``alg`` must be its algorithm, letter for letter (RFC 8725 §3.1).
        typ: What the header's ``typ`` must be, letter for letter (RFC 8725 §3.11). None only for kinds of token
            that have no ``typ`` of their own, such as ID tokens.

    Raises:
        InvalidToken: Another algorithm or type, or the signature is not the key's.
    """
    if parsed.header.get("alg") != key.algorithm:
        raise InvalidToken("the alg is not the key's")
    if typ is not None and parsed.header.get("typ") != typ:
        raise InvalidToken("another kind of token")
    key.verify(parsed.signing_input, parsed.signature)
    return parsed.payload


def verify(token: bytes | str, key: Key, *, typ: str | None, max_bytes: int = MAX_TOKEN_BYTES) -> bytes:
    """``parse``, then ``verify_parsed`` with this key, whatever ``kid`` the header names.

    Raises:
        InvalidToken: As these two.
    """
    return verify_parsed(parse(token, max_bytes=max_bytes), key, typ=typ)


def verify_by_kid(
    token: bytes | str,
    find_key: Callable[[str], Key],
    *,
    typ: str | None,
    max_bytes: int = MAX_TOKEN_BYTES,
) -> bytes:
    """``parse``, then ``verify_parsed`` with the key that has the header's ``kid``.

    Args:
        token: As it was received.
        find_key: Gives the key with this id from what is known already, or raises InvalidToken.
        typ: As for ``verify_parsed``.
        max_bytes: As for ``parse``.

    Raises:
        InvalidToken: As these two, or there is no ``kid``.
    """
    parsed = parse(token, max_bytes=max_bytes)
    return verify_parsed(parsed, find_key(parsed.kid), typ=typ)


def claims(payload: bytes) -> dict[str, Any]:
    """The claims of a verified payload (RFC 7519 §4).

    Raises:
        InvalidToken: Not a strict JSON object.
    """
    try:
        return json_object(payload)
    except ValueError as error:
        raise InvalidToken("the claims are not a strict JSON object") from error


def sign(claims: Mapping[str, object], key: Key, *, typ: str) -> str:
    """A compact JWS with exactly ``alg``, ``kid`` and ``typ`` in its header.

    The same claims in the same order give the same bytes, wherever the algorithm is deterministic.

    Raises:
        InvalidKey: A public key.
    """
    header = {"alg": key.algorithm, "kid": key.kid, "typ": typ}
    segments = [base64url_encode(_compact(part).encode()) for part in (header, claims)]
    signing_input = ".".join(segments)
    return f"{signing_input}.{base64url_encode(key.sign(signing_input.encode()))}"
