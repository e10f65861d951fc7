"""The session token: a signed name of a session, and nothing else (RFC 7519, RFC 8725).

It says which session, which generation of its token, and until when at most. Whether the session is live is the
store's to say.
"""

import re
from dataclasses import dataclass
from typing import Final

from handstamp.core import jws
from handstamp.core.errors import ConfigurationError, InvalidToken, TokenExpired
from handstamp.core.keys import KeyRing

TYP: Final = "session+jwt"
MAX_IAT_LEAD: Final = 60.0
"""Seconds that the clock of the process that signed may be ahead. ``exp`` has no leeway."""

_HEADER: Final = {"alg", "kid", "typ"}
_CLAIMS: Final = {"iss", "aud", "sub", "sid", "gen", "iat", "exp"}
_MAX_INTEGER: Final = 2**53 - 1
"""What every JSON parser can hold (RFC 8259 §6)."""

# Printable ASCII but for the quote and the backslash: one character stays one byte of JSON, which bounds the length
# of every token below the 4,093 bytes that a cookie may have.
_id_pattern: Final = re.compile(r"[!#-\[\]-~]{1,128}").fullmatch
_origin_pattern: Final = re.compile(r"[!#-\[\]-~]{1,300}").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClaims:
    """What a session token says.

    Raises:
        ValueError: An id that is not 1 to 128 printable ASCII characters without space, quote and backslash; a
            generation below 1; a time that is no integer; or an integer beyond 2⁵³ - 1.
    """

    user_id: str
    session_id: str
    generation: int
    issued_at: int
    """Seconds since the epoch."""
    expires_at: int
    """Seconds since the epoch: the session's absolute limit."""

    def __post_init__(self) -> None:
        if not (_is_id(self.user_id) and _is_id(self.session_id)):
            raise ValueError("not an id")
        if not (_is_integer(self.generation) and _is_integer(self.issued_at) and _is_integer(self.expires_at)):
            raise ValueError("not an integer in range")
        if self.generation < 1:
            raise ValueError("generations begin at 1")


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _id_pattern(value) is not None


def _is_integer(value: object) -> bool:
    # isinstance would let a bool through.
    return type(value) is int and 0 <= value <= _MAX_INTEGER


class SessionTokens:
    """Writes and reads session tokens.

    Args:
        ring: The keys of the purpose ``session``.
        origin: ``scheme://host[:port]``, at most 300 characters; issuer and audience of every token.

    Raises:
        ConfigurationError: The origin cannot be one.
    """

    __slots__ = ("_origin", "_ring")

    def __init__(self, ring: KeyRing, origin: str) -> None:
        if not _origin_pattern(origin):
            raise ConfigurationError("the origin is not scheme://host[:port] of at most 300 ASCII characters")
        self._ring: Final = ring
        self._origin: Final = origin

    def encode(self, claims: SessionClaims) -> str:
        """The token that says this: less than 4,093 bytes, and for an HMAC or EdDSA always the same ones."""
        return jws.sign(
            {
                "iss": self._origin,
                "aud": self._origin,
                "sub": claims.user_id,
                "sid": claims.session_id,
                "gen": claims.generation,
                "iat": claims.issued_at,
                "exp": claims.expires_at,
            },
            self._ring.signing,
            typ=TYP,
        )

    def decode(self, token: bytes | str, *, now: float) -> SessionClaims:
        """What an authentic token says.

        Args:
            token: As it was received.
            now: Seconds since the epoch.

        Raises:
            TokenExpired: Nothing is wrong with it, but ``now`` is at or past its ``exp``.
            InvalidToken: Form, key, signature or type; a member or claim too few, too many, or of the wrong type;
                another issuer or audience; or ``iat`` more than 60 s after ``now``.
        """
        claims = self.decode_to_end(token)
        if claims.issued_at > now + MAX_IAT_LEAD:
            raise InvalidToken("issued in the future")
        if now >= claims.expires_at:
            raise TokenExpired("past its exp")
        return claims

    def decode_to_end(self, token: bytes | str) -> SessionClaims:
        """What an authentic token says, whatever the time: to end its session, never to let anybody in.

        Whoever signs out where a clock is behind is signed out all the same.

        Raises:
            InvalidToken: As ``decode``, but for the times.
        """
        parsed = jws.parse(token)
        if set(parsed.header) != _HEADER:
            raise InvalidToken("other header members than ours")
        values = jws.claims(jws.verify_parsed(parsed, self._ring.find(parsed.kid), typ=TYP))
        if set(values) != _CLAIMS:
            raise InvalidToken("other claims than ours")
        if values["iss"] != self._origin or values["aud"] != self._origin:
            raise InvalidToken("another issuer or audience")
        try:
            return SessionClaims(
                user_id=values["sub"],
                session_id=values["sid"],
                generation=values["gen"],
                issued_at=values["iat"],
                expires_at=values["exp"],
            )
        except ValueError as error:
            raise InvalidToken("a claim of the wrong type or range") from error
