"""Made-up people and their sessions, as a store has them after a month: the same ones each time.

There are five sessions for each user on average. A few users have very many, most have some: the number of the user
of a session is the product of two even chances. One session in ten was ended, one in twenty has expired within the
last day; the ends of the others lie in the 30 days to come. Some users, the families, have five live sessions each
and no other.
"""

import random  # noqa: TID251  not for secrets: whoever measures twice wants the same rows
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from handstamp.core.models import EndReason
from handstamp.core.policy import DAY, MINUTE, SessionPolicy

Row = tuple[Any, ...]

PER_USER: Final = 5
ENDED: Final = 0.10
EXPIRED: Final = 0.05

_MOST_SAMPLES: Final = 4_000
_MOST_FAMILIES: Final = 2_000
_YEAR: Final = 365 * DAY
_POLICY: Final = SessionPolicy()

USER_COLUMNS: Final = ("id", "created_at", "email", "email_verified", "name", "username", "picture", "disabled_at")
SESSION_COLUMNS: Final = (
    *("id", "user_id", "created_at", "expires_at", "last_used_at", "idle_timeout", "persistent"),
    *("generation", "confirmed_generation", "issued_at", "confirmed_at", "superseded"),
    *("amr", "aal", "authenticated_at", "user_agent", "address", "ended_at", "end_reason"),
)

_MACHINES: Final = ("X11; Linux x86_64", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7")
_AGENTS: Final = (
    *(
        f"Mozilla/5.0 ({machine}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
        for machine in _MACHINES
        for version in range(120, 141)
    ),
    *(
        f"Mozilla/5.0 ({machine}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
        for machine in _MACHINES
        for version in range(115, 144)
    ),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/604.1",
    "an-application/2.4.1",
)
_METHODS: Final = ('["oauth"]', '["oauth"]', '["pwd"]', '["pwd", "otp", "mfa"]')
_ENDS: Final = (EndReason.SIGNED_OUT, EndReason.SIGNED_OUT, EndReason.REPLACED, EndReason.ENDED_ELSEWHERE)

_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_IN_ORDER: Final = bytes.maketrans(_BASE64, b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
"""From the digits of base64 to those of base64url in the order in which a database sorts them."""


@dataclass(slots=True)
class Population:
    """So many sessions, and the users that they belong to.

    Args:
        count: Sessions.
        now: When they are looked at, in seconds since the epoch.
    """

    count: int
    now: float
    samples: list[tuple[str, str]] = field(init=False, default_factory=list[tuple[str, str]])
    """Session and user ids of some live sessions, evenly spread; known once the sessions were made."""
    families: list[str] = field(init=False)
    """Users with five live sessions; known once the users were made."""
    _user_ids: list[str] = field(init=False, default_factory=list[str])
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.count)  # noqa: S311  the same rows each time, and no secret

    @property
    def users(self) -> int:
        """How many there are."""
        return max(self.count // PER_USER, 1)

    def user_rows(self) -> Iterator[Row]:
        """The users, in the order of their ids. They joined within three years, the last one a month ago."""
        chance, began, step = self._chance, self.now - 3 * _YEAR, (3 * _YEAR - 31 * DAY) / self.users
        for number in range(self.users):
            joined = began + (number + chance.random()) * step
            user_id = _uuid7(joined, chance.getrandbits(74))
            self._user_ids.append(user_id)
            name = f"person{number}"
            picture = f"https://pictures.example/{chance.getrandbits(64):x}.jpg" if number % 2 else None
            yield user_id, joined, f"{name}@example.com", number % 3 > 0, f"Person {number}", name, picture, None
        families = min(_MOST_FAMILIES, max(self.users // 10, 1))
        self.families = self._user_ids[:: self.users // families][:families]

    def session_rows(self) -> Iterator[Row]:
        """The sessions, in the order of their ids; after the users."""
        chance, count = self._chance.random, self.count
        related = PER_USER * len(self.families)
        every = max((count - related) // _MOST_SAMPLES, 1)
        apart = self.users // len(self.families)
        alone = 0
        for number in range(count):
            session_id = _session_id(number, count, self._chance.getrandbits(128))
            if chance() * (count - number) < related:  # so that all of them are placed in the end
                related -= 1
                yield self._session(session_id, self.families[related % len(self.families)], chance(), 1.0)
                continue
            user = int(chance() * chance() * self.users)
            user_id = self._user_ids[user + 1 if user % apart == 0 and user + 1 < self.users else user]
            fate = chance()
            yield self._session(session_id, user_id, chance(), fate)
            alone += fate >= ENDED + EXPIRED
            if fate >= ENDED + EXPIRED and alone % every == 0:
                self.samples.append((session_id, user_id))

    def _session(self, session_id: str, user_id: str, age: float, fate: float) -> Row:
        """A session; the fate is even between 0 and 1."""
        chance, now, limit = self._chance.random, self.now, _POLICY.absolute_timeout
        expired = ENDED <= fate < ENDED + EXPIRED
        created = now - limit - age * DAY if expired else now - age * (limit - DAY)
        expires = float(int(created + limit))
        ended = reason = None
        used = created + chance() * limit if expired else max(created, now - chance() * 5 * DAY)
        if fate < ENDED:
            used = ended = created + chance() * (now - created)
            reason = _ENDS[int(chance() * len(_ENDS))].value
        generation = 1 + int((used - created) / _POLICY.rotation.rotate_after * chance() ** 3)
        confirmed = max(created, used - chance() * 15 * MINUTE)
        superseded = f"[[{generation - 1}, {confirmed!r}]]" if generation > 1 and chance() < 0.1 else "[]"
        method = _METHODS[int(chance() * len(_METHODS))]
        return (
            *(session_id, user_id, created, expires, used, _POLICY.idle_timeout, chance() < 0.3),
            *(generation, generation, confirmed, confirmed, superseded),
            *(method, 2 if "mfa" in method else 1, created, _AGENTS[int(chance() ** 2 * len(_AGENTS))]),
            *(_address(self._chance.getrandbits(80)), ended, reason),
        )


def _session_id(number: int, count: int, bits: int) -> str:
    """22 signs as ``new_session_id`` makes them: the one with this number if they were sorted."""
    value = ((number << 128) + bits) // count
    text = b64encode(value.to_bytes(16))
    return (text[:21].translate(_IN_ORDER) + text[21:22]).decode()


def _uuid7(at: float, bits: int) -> str:
    """As ``new_id`` makes them, of bits that are given (RFC 9562 §5.7)."""
    text = f"{int(at * 1000) << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0b10 << 62 | bits & ((1 << 62) - 1):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _address(bits: int) -> str:
    """Of the nets that are kept for benchmarks (RFC 2544, RFC 5180); one in five is of version 6."""
    low = bits & 0xFFFF
    if low % 5:
        return f"198.{18 + (low & 1)}.{bits >> 16 & 0xFF}.{bits >> 24 & 0xFF}"
    groups = ":".join(f"{bits >> shift & 0xFFFF:x}" for shift in (0, 16, 32, 48, 64))
    return f"2001:2:0:{groups}"
