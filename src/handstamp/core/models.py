"""What handstamp speaks about. Times are seconds since the epoch, durations are seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

AAL2: Final = 2
"""Two factors: NIST SP 800-63B §2.2."""


class EndReason(StrEnum):
    """Why a session is over. The values are part of the public API."""

    SIGNED_OUT = "signed_out"
    ENDED_ELSEWHERE = "ended_elsewhere"
    REPLACED = "replaced"
    EXPIRED = "expired"
    IDLE = "idle"
    REPLAYED = "replayed"
    STORE_WENT_BACK = "store_went_back"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  a reason, not a password
    FACTOR_CHANGED = "factor_changed"
    KEYS_RESET = "keys_reset"
    USER_DISABLED = "user_disabled"
    USER_DELETED = "user_deleted"
    ADMIN = "admin"
    DEVICE_LOST = "device_lost"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person (or machine) with an account. A user without an e-mail address is normal."""

    id: str
    created_at: float
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    username: str | None = None
    picture: str | None = None
    roles: frozenset[str] = frozenset()
    disabled_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a provider says of the person who signed in; (issuer, subject) is the only key."""

    issuer: str
    subject: str
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    username: str | None = None
    picture: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A login of a user at a provider, keyed by (issuer, subject) and by nothing else."""

    issuer: str
    subject: str
    user_id: str
    created_at: float
    last_used_at: float


class CredentialKind(StrEnum):
    """What a credential is. The values are part of the public API."""

    PASSWORD = "password"  # noqa: S105  a kind, not a password
    PASSKEY = "passkey"
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """Something by which a user shows who it is, beside the identities at providers."""

    id: str
    """A UUIDv7."""
    user_id: str
    kind: CredentialKind
    lookup: str | None = None
    """What it is found by without knowing the user, as a passkey's credential id. Unique within its kind."""
    secret: str = field(repr=False)
    """The PHC string or digest of what only the user knows, a sealed TOTP secret, a passkey's public key (COSE, in
    base64url). Never shown."""
    name: str | None = None
    """What its owner calls it."""
    created_at: float
    confirmed_at: float | None = None
    """None while its enrolment was begun and not finished: such a one lets nobody in."""
    last_used_at: float | None = None
    counter: int = 0
    """What only goes up: a passkey's sign count, the last TOTP step. Less than 2^63."""
    data: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else its kind has to remember: transports, backup state, AAGUID."""
    version: int = 1
    """Goes up by one each time the store changes it."""

    @property
    def is_way_in(self) -> bool:
        """Whether the user can sign in with this alone: a password, or a passkey whose enrolment was finished."""
        if self.kind is CredentialKind.PASSKEY:
            return self.confirmed_at is not None
        return self.kind is CredentialKind.PASSWORD


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How somebody has just shown who they are."""

    amr: tuple[str, ...] = ()
    """Authentication methods, RFC 8176; none where it has no word for this one."""
    aal: int = 1
    """What this alone reaches, NIST SP 800-63B: a passkey with user verification 2, everything else 1."""

    def and_second(self, amr: tuple[str, ...]) -> "Proof":
        """Together with a second factor that was asked for after this."""
        return Proof(amr=tuple(dict.fromkeys((*self.amr, *amr, "mfa"))), aal=max(self.aal, AAL2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """Where the rotation of a session's token stands.

    ``issued`` is the generation last issued, ``confirmed`` the highest one seen back from the client;
    always ``issued == confirmed`` or ``issued == confirmed + 1``.
    """

    issued: int = 1
    confirmed: int = 1
    issued_at: float
    confirmed_at: float
    superseded: tuple[tuple[int, float], ...] = ()
    """(generation, when its successor was confirmed), oldest first; only those still inside their grace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser or client, as its store keeps it. The token only names it."""

    id: str
    user_id: str
    created_at: float
    expires_at: float
    """The absolute limit. Nothing moves it."""
    last_used_at: float
    idle_timeout: float
    persistent: bool = False
    """Whether the cookie outlives the browser ("remember me")."""
    generations: Generations
    amr: tuple[str, ...] = ()
    """Authentication methods, RFC 8176."""
    aal: int = 1
    """Authenticator assurance level, NIST SP 800-63B."""
    authenticated_at: float
    user_agent: str | None = None
    address: str | None = None
    ended_at: float | None = None
    end_reason: EndReason | None = None

    def ended_because(self, now: float) -> EndReason | None:
        """Why this session is over at ``now``, or None while it is live.

        An end that was written down comes before one that the clock brought about.
        """
        if self.ended_at is not None:
            return self.end_reason or EndReason.UNKNOWN
        if now >= self.expires_at:
            return EndReason.EXPIRED
        if now >= self.last_used_at + self.idle_timeout:
            return EndReason.IDLE
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking: user and session as the store has them now. Made only by a check that passed."""

    user: User
    session: Session

    def has_role(self, role: str) -> bool:
        """Whether the store gives the user this role."""
        return role in self.user.roles


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Something that a security reviewer asks about later. Holds no token and no secret."""

    id: str
    at: float
    event: str
    """A stable name: ``session_started``, ``session_ended``, ``session_replayed``, ``login_failed`` …"""
    user_id: str | None = None
    session_id: str | None = None
    address: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a change feed has seen since it was last polled."""

    coherent: bool = True
    """False: the feed cannot vouch for cached answers now; ask the store for this request. What it misses meanwhile
    it tells, or calls ``everything``, before it is coherent again."""
    everything: bool = False
    """True: what changed cannot be told; forget every cached answer."""
    sessions: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


NOTHING_CHANGED: Final = Changes()
"""The usual answer; compare by identity, it is always this object."""

UNKNOWN: Final = Changes(coherent=False)
EVERYTHING_CHANGED: Final = Changes(everything=True)
