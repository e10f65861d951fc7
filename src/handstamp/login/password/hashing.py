"""Password hashes: made with Argon2id, checked whoever made them."""

import logging
from dataclasses import dataclass
from secrets import token_bytes
from typing import Final

from handstamp.core.errors import InvalidHash
from handstamp.core.policy import HashingPolicy
from handstamp.login.password import imported
from handstamp.login.password.argon2id import Argon2Hash, Parameters, derive
from handstamp.login.password.characters import is_usable, normalised

_LOG: Final = logging.getLogger("handstamp.password")


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of checking a password."""

    ok: bool
    upgrade: bool
    """The password is right, and its hash is not like new ones: hash it anew, and keep that."""


class Hasher:
    """Makes and checks hashes. Each call takes as long as a hash takes: call it in a ``Worker``.

    Args:
        policy: What new hashes cost.
    """

    __slots__ = ("_decoy", "_parameters")

    def __init__(self, policy: HashingPolicy = HashingPolicy()) -> None:  # noqa: B008  a frozen value
        self._parameters: Final = Parameters.of(policy)
        # Nobody knows a password of it: its digest is random.
        self._decoy: Final = Argon2Hash(
            self._parameters, token_bytes(self._parameters.salt_bytes), token_bytes(self._parameters.digest_bytes)
        )

    def hash(self, password: str) -> str:
        """A new hash, as a PHC string.

        Args:
            password: One that the policy has accepted.

        Raises:
            ValueError: It cannot be anybody's password; the policy would have said so.
            ConfigurationError: argon2-cffi is not installed.
            MemoryError: The machine has no room for a hash.
        """
        if not is_usable(password):
            raise ValueError("this cannot be a password")
        salt = token_bytes(self._parameters.salt_bytes)
        return str(Argon2Hash(self._parameters, salt, derive(normalised(password), salt, self._parameters)))

    def verify(self, kept: str | None, password: str) -> Verified:
        """Check a password.

        Args:
            kept: The hash; None where there is no such user or they have no password. That costs what a wrong
                password costs with a hash that has the parameters of today.
            password: As it came. One that can be nobody's is wrong, at the same cost.

        Raises:
            ConfigurationError: The package that the hash needs is not installed.
            MemoryError: The machine has no room for the hash.
        """
        known = _read(kept) if is_usable(password) else None
        if known is None:
            self._decoy.matches(password if is_usable(password) else "")
            return Verified(ok=False, upgrade=False)
        ok = known.matches(password)
        return Verified(ok=ok, upgrade=ok and not self._is_as_new(known))

    def _is_as_new(self, known: imported.PasswordHash) -> bool:
        return isinstance(known, Argon2Hash) and known.parameters == self._parameters


def check_importable(kept: str) -> str:
    """Whether a hash from elsewhere can be kept for a user, who then signs in with the password that they have.

    Returns:
        The name of its function: ``argon2``, ``bcrypt``, ``pbkdf2`` or ``scrypt``.

    Raises:
        InvalidHash: Its format is unknown, it is malformed, or it would cost too much to check.
    """
    return imported.read(kept).name


def _read(kept: str | None) -> imported.PasswordHash | None:
    if kept is None:
        return None
    try:
        return imported.read(kept)
    except InvalidHash as error:
        # It was written past check_importable, or damaged. Whoever has it cannot sign in with a password.
        _LOG.warning("a password hash in the store cannot be used: %s", error)
        return None
