"""What the use cases of passwords are made of, and what they all do alike."""

from dataclasses import dataclass
from typing import Final, Protocol

from handstamp.core.errors import InvalidInput
from handstamp.core.ids import new_id
from handstamp.core.models import Credential, CredentialKind, User
from handstamp.core.people import CredentialStore, UserStore
from handstamp.core.text import lower_ascii
from handstamp.login.password.breach import BreachLookup
from handstamp.login.password.hashing import Hasher
from handstamp.login.password.policy import PasswordRules
from handstamp.login.password.worker import Worker
from handstamp.services.audit import Audit
from handstamp.services.challenges import Challenges
from handstamp.services.links import Links
from handstamp.services.mail import Mails
from handstamp.services.sessions import Sessions
from handstamp.services.throttle import Throttle

PURPOSE: Final = "password"
"""Of tries that are counted."""
NOBODY: Final = "nobody"
"""The id of no user: it is asked for where there is none, so that as much is asked either way (PAS-04)."""


class People(UserStore, CredentialStore, Protocol):
    """Users, and how they show who they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks: no more than what is needed to count, to answer and to record."""

    address: str | None
    language: str
    now: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The stores, the services, and what passwords need beside them."""

    people: People
    sessions: Sessions
    throttle: Throttle
    challenges: Challenges
    mails: Mails
    audit: Audit
    links: Links
    hasher: Hasher
    worker: Worker
    rules: PasswordRules
    breach: BreachLookup | None
    forgot_page: str
    """The address of the page where a new password is asked for."""

    async def find_user(self, handle: str) -> User | None:
        """The one user who signs in by this name: a verified e-mail address, or a username that one user has.

        An address that nobody has proved, a name that two users have, and an id are nobody's.
        """
        found = await self.people.find_users(handle)
        name = lower_ascii(handle)
        mine = [user for user in found if _is_called(user, name)]
        return mine[0] if len(mine) == 1 else None

    async def password_of(self, user: User | None) -> Credential | None:
        """The password of a user. For nobody, the store is asked all the same."""
        credentials = await self.people.list_credentials(NOBODY if user is None else user.id)
        return next((one for one in credentials if one.kind is CredentialKind.PASSWORD), None)

    async def needs_second(self, user: User) -> bool:
        """Whether the user has set up a second factor: a password need not be as long then."""
        credentials = await self.people.list_credentials(user.id)
        return any(one.kind is CredentialKind.TOTP and one.confirmed_at is not None for one in credentials)

    async def judge(self, password: str, *, alone: bool, about: tuple[str | None, ...]) -> None:
        """Return if somebody may have this password, by all that is known here.

        Raises:
            InvalidInput: What is wrong with it.
            Busy: Too many are being looked at.
        """
        faults = await self.worker.run(lambda: self.rules.faults(password, alone=alone, about=about))
        if faults:
            raise InvalidInput(faults)

    async def look_up(self, password: str) -> None:
        """Return if a password, which the rules let pass, is not known to have leaked. It asks another service.

        Raises:
            InvalidInput: It is.
        """
        faults = () if self.breach is None else await self.breach.faults(password)
        if faults:
            raise InvalidInput(faults)

    async def hash(self, password: str) -> str:
        """A new hash, made beside the event loop.

        Raises:
            Busy: The line is full.
        """
        return await self.worker.run(lambda: self.hasher.hash(password))


def a_password(user_id: str, kept: str, *, now: float) -> Credential:
    """The credential of a new password."""
    return Credential(
        id=new_id(now),
        user_id=user_id,
        kind=CredentialKind.PASSWORD,
        secret=kept,
        created_at=now,
        confirmed_at=now,
    )


def address_of(user: User | None) -> str | None:
    """Where a user is written to: the address that they have proved."""
    return user.email if user is not None and user.email_verified else None


def _is_called(user: User, name: str) -> bool:
    if "@" in name:
        return user.email_verified and user.email is not None and lower_ascii(user.email) == name
    return user.username is not None and lower_ascii(user.username) == name
