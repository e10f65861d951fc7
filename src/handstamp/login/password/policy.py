"""Which passwords may be chosen: by length and by what guessers try, never by kinds of characters.

NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2: code points are counted, all of them are allowed, nothing is cut off, nothing
has to be a digit. New passwords are judged; whoever has one signs in with it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from handstamp.core.faults import Fault
from handstamp.core.policy import PasswordPolicy
from handstamp.login.password.characters import MAX_LENGTH, MAX_PRESENTED, is_usable, normalised
from handstamp.login.password.common import common_passwords

TOO_SHORT: Final = "password_too_short"
TOO_LONG: Final = "password_too_long"
BROKEN: Final = "password_broken"
TOO_COMMON: Final = "password_too_common"
TOO_PERSONAL: Final = "password_too_personal"

_SHORTEST_WORD: Final = 4
"""Characters. A shorter name is in many good passwords by chance."""
_MOST_WORDS: Final = 64
_OWN: Final = 4
"""Characters that have to be left when the words are taken out, and the digits and signs around what is left."""
_BETWEEN: Final = re.compile(r"[\W_]+")
_AROUND: Final = re.compile(r"\A[\W\d_]+|[\W\d_]+\Z")


class PasswordRules:
    """Judges new passwords, in some milliseconds at most.

    Args:
        policy: Lengths, and words of the organisation.
        application: What people know the application by.

    Raises:
        ConfigurationError: zxcvbn is not installed.
    """

    def __init__(self, policy: PasswordPolicy, *, application: str) -> None:
        self._policy: Final = policy
        self._words: Final = frozenset(_words((application, *policy.words)))
        self._common: Final = common_passwords()

    def faults(
        self, password: str, *, alone: bool, about: Iterable[str | None] = (), pointer: str = "/password"
    ) -> tuple[Fault, ...]:
        """What is wrong with a new password; nothing, if it may be chosen.

        Args:
            password: As it came.
            alone: Whether it will be the only factor, which asks for a longer one.
            about: What is known of the user: user name, e-mail address, name. None is skipped.
            pointer: Of the field that it came in.
        """
        if len(password) > MAX_PRESENTED:
            return (_too_long(pointer),)
        if not is_usable(password):
            return (Fault(BROKEN, "A character of it arrived broken. Type it again.", pointer),)
        text = normalised(password)
        if len(text) > MAX_LENGTH:
            return (_too_long(pointer),)
        return tuple(self._shortcomings(text, about, alone=alone, pointer=pointer))

    def _shortcomings(self, text: str, about: Iterable[str | None], *, alone: bool, pointer: str) -> Iterator[Fault]:
        least = self._policy.min_length_alone if alone else self._policy.min_length
        if len(text) < least:
            yield Fault(
                TOO_SHORT,
                "Use at least %(least)s characters. Several words in a row will do.",
                pointer,
                {"least": least},
            )
        if text in self._common:
            yield Fault(TOO_COMMON, "Guessers try this one early. Choose another.", pointer)
        elif self._is_personal(text, about):
            yield Fault(
                TOO_PERSONAL,
                "It is little more than your name, your address or the name of this site. Add to it.",
                pointer,
            )

    def _is_personal(self, text: str, about: Iterable[str | None]) -> bool:
        rest = text.casefold()
        words = self._words.union(_words(value for value in about if value is not None))
        for word in sorted(words, key=len, reverse=True)[:_MOST_WORDS]:
            rest = rest.replace(word, " ")
        return rest != text.casefold() and len(_AROUND.sub("", rest)) < _OWN


def _words(values: Iterable[str]) -> Iterator[str]:
    """Each value as a whole, its parts, and its parts put together; of an address also what stands before the @."""
    for value in values:
        whole = normalised(value[:MAX_LENGTH]).casefold().strip()
        for text in (whole, whole.partition("@")[0]):
            for word in (text, _BETWEEN.sub("", text), *_BETWEEN.split(text)):
                if len(word) >= _SHORTEST_WORD:
                    yield word


def _too_long(pointer: str) -> Fault:
    return Fault(TOO_LONG, "Use at most %(most)s characters.", pointer, {"most": MAX_LENGTH})
