"""The passwords that guessers try first, from the lists that the package zxcvbn brings.

Only its lists are used. Its estimator takes more than a second of Python for some passwords of sixty characters, and
keeps what it was told about the user in a table that all callers share.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from handstamp.core.errors import ConfigurationError

_SHORT_UNIT: Final = 4
"""Characters. What repeats a shorter or equal piece is guessed however long it is."""


@dataclass(frozen=True, slots=True, repr=False)
class CommonPasswords:
    """30,000 passwords from leaks, and as whole passwords also English words, names and titles. 18 MB."""

    leaked: frozenset[str]
    words: frozenset[str]

    def __contains__(self, password: str) -> bool:
        """Whether the whole password is one of them, or only a common one repeated, run on, or beside another.

        Capitals and spaces make no difference (NIST SP 800-63B-4 §3.1.1.2: known, expected, compromised; PAS-02).
        """
        text = "".join(password.casefold().split())
        return text in self.words or text in self.leaked or self._is_repeated(text) or self._are_two(text)

    def _is_repeated(self, text: str) -> bool:
        """Whether it is a short piece, or a common password, again and again; the last one may break off."""
        return any(
            text[unit:] == text[:-unit] and (unit <= _SHORT_UNIT or text[:unit] in self.leaked)
            for unit in range(1, len(text))
        )

    def _are_two(self, text: str) -> bool:
        return _is_run(text) or any(
            self._is_piece(text[:end]) and self._is_piece(text[end:]) for end in range(1, len(text))
        )

    def _is_piece(self, text: str) -> bool:
        return text in self.leaked or _is_run(text)


@lru_cache(maxsize=1)
def common_passwords() -> CommonPasswords:
    """The lists, read once a process: about 50 ms.

    Raises:
        ConfigurationError: zxcvbn is not installed.
    """
    try:
        from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415  an extra: loaded when used
    except ImportError as error:
        raise ConfigurationError('passwords need: pip install "handstamp[password]"') from error
    words = (word for words in FREQUENCY_LISTS.values() for word in words)
    return CommonPasswords(frozenset(FREQUENCY_LISTS["passwords"]), frozenset(words))


def _is_run(text: str) -> bool:
    """Whether each character follows the one before it in the order of code points, up or down, or equals it."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return len(steps) == 1 and steps <= {-1, 0, 1}
