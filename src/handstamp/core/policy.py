"""Plain values that the rules read. ``handstamp.settings`` fills them."""

from dataclasses import dataclass
from typing import Final, Literal

MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationPolicy:
    """When a session's token is replaced, and how long the one before it is still let in. Seconds."""

    rotate_after: float = 15 * MINUTE
    """0 rotates at each response (experimental)."""
    grace: float = 5 * MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """Limits of a session. Seconds."""

    absolute_timeout: float = 30 * DAY
    idle_timeout: float = 7 * DAY
    rotation: RotationPolicy = RotationPolicy()
    on_replay: Literal["end", "report"] = "end"

    @property
    def touch_interval(self) -> float:
        """``last_used_at`` is written at most this often: each minute, or each tenth of the idle limit."""
        return min(MINUTE, self.idle_timeout / 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class CookiePolicy:
    """Names of the cookies. Secure, HttpOnly, SameSite=Lax and Path=/ are not negotiable."""

    prefix: Literal["__Host-Http-", ""] = "__Host-Http-"
    """Empty only on loopback, for clients that drop Secure cookies over plain http; takes Secure with it."""

    @property
    def session(self) -> str:
        """The name of the session cookie."""
        return f"{self.prefix}session"

    @property
    def flow_prefix(self) -> str:
        """What the names of flow cookies begin with."""
        return f"{self.prefix}flow-"

    @property
    def secure(self) -> bool:
        """Whether cookies carry Secure."""
        return bool(self.prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginPolicy:
    """Where the application lives, and who else may send unsafe requests. ``scheme://host[:port]`` each."""

    origin: str
    trusted_origins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class HashingPolicy:
    """How passwords are hashed: Argon2id, by default the second recommended profile of RFC 9106 §4."""

    memory: int = 64
    """MiB for one hash."""
    passes: int = 3
    lanes: int = 4
    at_once: int | None = None
    """Hashes at the same time in one process. None: one for each core, four at the most."""
    waiting: int = 32
    """Callers in line behind them; whoever comes after those is told to come back later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """Which passwords may be chosen. Lengths in code points (NIST SP 800-63B-4 §3.1.1.2)."""

    min_length: int = 8
    """Where another factor is asked for as well."""
    min_length_alone: int = 15
    """Where the password is the only factor."""
    words: frozenset[str] = frozenset()
    """What else a guesser would try here: names of products, places and people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachPolicy:
    """Where new passwords are looked up among those that have leaked."""

    url: str
    """What the first five hexadecimal digits of a SHA-1 hash are put behind."""
    time_limit: float = 2.0
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What the ways in go by. Each reads its own."""

    passwords: PasswordPolicy = PasswordPolicy()
    hashing: HashingPolicy = HashingPolicy()
    breach: BreachPolicy | None = None
    """None: nothing is looked up."""
