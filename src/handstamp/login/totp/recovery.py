"""Recovery codes: what a user has on paper for the day when the authenticator app is lost.

They are look-up secrets (NIST SP 800-63B-4 §3.1.2): drawn at random, shown once, kept as digests, each good for once.
At 80 bits nobody finds one by trying, so a plain digest keeps them, and hashing them costs nothing.
"""

import unicodedata
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from secrets import choice
from typing import Final

from handstamp.core.errors import InvalidInput, NotFound
from handstamp.core.faults import Fault
from handstamp.core.ids import new_id
from handstamp.core.models import Credential, CredentialKind
from handstamp.core.people import CredentialStore
from handstamp.core.text import N_
from handstamp.login.totp.attempts import RECOVERY, Attempts
from handstamp.services.throttle import Throttle

WRONG: Final = "recovery_code_wrong"

_MESSAGE: Final = N_("This is not one of your recovery codes, or it was used.")

COUNT: Final = 10
"""Codes in a set."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O and U, so that what people misread is not there to be meant."""
_LENGTH: Final = 16
"""Characters of five bits each: 80 bits."""
_GROUP: Final = 4
_MOST_PRESENTED: Final = 64
_MISREAD: Final = str.maketrans("OIL", "011")


class RecoveryCodes:
    """The use cases around recovery codes. Every ``now`` is seconds since the epoch.

    Args:
        store: Keeps the digests.
        throttle: Counts what was tried.
    """

    def __init__(self, *, store: CredentialStore, throttle: Throttle) -> None:
        self._store: Final = store
        self._attempts: Final = Attempts(throttle, "recovery", RECOVERY)

    async def renew(self, user_id: str, *, now: float) -> tuple[str, ...]:
        """Ten new codes, as they are shown, once; those from before are void.

        Raises:
            NotFound: There is no such user.
            StoreUnavailable: Those from before count.
        """
        codes = tuple(new_code() for _ in range(COUNT))
        kept = [
            Credential(
                id=new_id(now),
                user_id=user_id,
                kind=CredentialKind.RECOVERY_CODE,
                secret=_digest(user_id, read(code) or ""),
                created_at=now,
                confirmed_at=now,
            )
            for code in codes
        ]
        if await self._store.replace_credentials(user_id, CredentialKind.RECOVERY_CODE, kept) is None:
            raise NotFound("there is no such user")
        return codes

    async def use(
        self, user_id: str, presented: str, *, now: float, place: str = "", pointer: str = "/recovery_code"
    ) -> int:
        """Use a code up; how many are left. Of any number of callers with one code, one succeeds.

        Args:
            user_id: Whose.
            presented: What was typed, in small or capital letters, with or without spaces and hyphens.
            now: Seconds since the epoch.
            place: Where attempts are counted apart: empty at sign-in, the session of whoever is signed in.
            pointer: Of the field that it came in.

        Raises:
            InvalidInput: ``recovery_code_wrong``: none of the user's, or used.
            RateLimited: Too many were tried.
            StoreUnavailable: It is not known to be used.
        """
        await self._attempts.take(user_id, place, now=now)
        code = read(presented)
        theirs = await self._theirs(user_id)
        digest = _digest(user_id, code or "")
        found = next((one for one in theirs if compare_digest(one.secret, digest)), None)
        if found is None or not await self._store.remove_credential(found.id, user_id=user_id, keep_a_way_in=False):
            raise InvalidInput([Fault(WRONG, _MESSAGE, pointer)])
        await self._attempts.forget(user_id, place)
        return await self.left(user_id)

    async def left(self, user_id: str) -> int:
        """How many the user has."""
        return len(await self._theirs(user_id))

    async def remove(self, user_id: str) -> None:
        """Void all of them.

        Raises:
            StoreUnavailable: They count.
        """
        await self._store.replace_credentials(user_id, CredentialKind.RECOVERY_CODE, ())

    async def _theirs(self, user_id: str) -> Sequence[Credential]:
        theirs = await self._store.list_credentials(user_id)
        return [one for one in theirs if one.kind is CredentialKind.RECOVERY_CODE]


def new_code() -> str:
    """80 random bits, in groups for reading: ``7K2M-0QXT-V9RA-4HZC``."""
    text = "".join(choice(_ALPHABET) for _ in range(_LENGTH))
    return "-".join(text[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def read(presented: str) -> str | None:
    """What was meant by what was typed, or None where it can be no code.

    Capitals, spaces and hyphens of any kind make no difference, and O is 0, I and L are 1 (Crockford's base 32).
    """
    if len(presented) > _MOST_PRESENTED:
        return None
    text = unicodedata.normalize("NFKC", presented).upper().translate(_MISREAD)
    code = "".join(letter for letter in text if not (letter.isspace() or unicodedata.category(letter) == "Pd"))
    return code if len(code) == _LENGTH and set(code) <= set(_ALPHABET) else None


def _digest(user_id: str, code: str) -> str:
    return sha256(f"recovery-code\0{user_id}\0{code}".encode()).hexdigest()
