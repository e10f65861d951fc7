"""Plain values that the rules read. ``handstamp.settings`` fills them."""

from dataclasses import dataclass
from typing import Final, Literal

from handstamp.core.networks import Network

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
    def browser(self) -> str:
        """The name of the cookie by which a browser is known that has signed in before."""
        return f"{self.prefix}browser"

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
class ProxyPolicy:
    """Who stands before the application, and says where requests come from."""

    trusted: tuple[Network, ...] = ()
    """Nobody by default: anybody can send such a header."""
    header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
    """The one that these proxies write. The other is what a stranger wrote, passed on."""


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


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many attempts at once, and then one more each so many seconds."""

    burst: int
    every: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often something may be tried. All of them count at once; the narrowest first."""

    pair: Bucket
    """One account from one network."""
    network: Bucket
    """One network, whatever the accounts."""
    account: Bucket
    """One account, whatever the networks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottlePolicy:
    """How often people may try (NIST SP 800-63B-4 §3.2.2)."""

    sign_in: Limits = Limits(pair=Bucket(5, 30.0), network=Bucket(100, 2.0), account=Bucket(20, MINUTE))
    """Of somebody who shows a secret that can be guessed."""
    known: Bucket = Bucket(10, MINUTE)
    """The same from one browser that has signed in to the account before."""
    mail: Limits = Limits(pair=Bucket(3, MINUTE), network=Bucket(30, 10.0), account=Bucket(5, 5 * MINUTE))
    """Of somebody who has a mail sent to an address that they name."""
    failures: int = 40
    """In a row for one name of an account, by strangers; then another proof is needed."""
    known_failures: int = 10
    """The same from browsers that it knows. An account has two names, address and username: 100 at most."""
    again: float = 30 * DAY
    """Seconds after which one more failure is forgiven, where no sign-in has forgiven all of them before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultPolicy:
    """When tokens of providers are erased. With an identity or a user they go in any case."""

    erase_at_sign_out: bool = True
    """When the last session of the user is ended by signing out."""
    erase_when_disabled: bool = True
    revoke: bool = True
    """Whether the provider is told that what was erased is not needed any more (RFC 7009)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What the ways in go by. Each reads its own."""

    passwords: PasswordPolicy = PasswordPolicy()
    hashing: HashingPolicy = HashingPolicy()
    breach: BreachPolicy | None = None
    """None: nothing is looked up."""
    vault: VaultPolicy = VaultPolicy()
    throttle: ThrottlePolicy = ThrottlePolicy()
