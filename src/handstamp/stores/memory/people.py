"""What the memory store keeps of people: the ground of ``users``, ``identities`` and ``credentials``."""

from dataclasses import replace

from handstamp.core.errors import LastWayIn
from handstamp.core.models import Credential, Identity, SealedTokens, User
from handstamp.core.text import lower_ascii
from handstamp.stores.memory.part import Part


class People(Part):
    """Users, identities and their tokens by (issuer, subject), credentials by id."""

    def __init__(self) -> None:
        super().__init__()
        self._users: dict[str, User] = {}
        self._identities: dict[tuple[str, str], Identity] = {}
        self._credentials: dict[str, Credential] = {}
        self._sealed: dict[tuple[str, str], SealedTokens] = {}

    def _put_user(self, user: User) -> User:
        """Store a user; the feed tells it where it is another than before."""
        if self._users.get(user.id) != user:
            self._users[user.id] = user
            self._journal.tell(user=user.id)
        return user

    def _others_with(self, email: str, user_id: str) -> list[User]:
        """The other users who have an address, verified or not."""
        same = lower_ascii(email)
        others = (one for one in self._users.values() if one.id != user_id)
        return [one for one in others if one.email is not None and lower_ascii(one.email) == same]

    def _holder(self, email: str, user_id: str) -> User | None:
        """The other user who has an address verified."""
        return next((one for one in self._others_with(email, user_id) if one.email_verified), None)

    def _honest(self, user: User) -> User:
        """The user, whose address is unverified where there is none, or another one has it verified."""
        if user.email is not None and self._holder(user.email, user.id) is None:
            return user
        return replace(user, email_verified=False)

    def _put_proved(self, user: User) -> User:
        """Store a user who has an address verified: nobody else keeps it."""
        if user.email is not None and user.email_verified:
            for other in self._others_with(user.email, user.id):
                self._put_user(replace(other, email=None))
        return self._put_user(user)

    def _drop_identity(self, issuer: str, subject: str) -> Identity:
        self._sealed.pop((issuer, subject), None)
        return self._identities.pop((issuer, subject))

    def _identities_of(self, user_id: str) -> list[Identity]:
        return [one for one in self._identities.values() if one.user_id == user_id]

    def _credentials_of(self, user_id: str) -> list[Credential]:
        return [one for one in self._credentials.values() if one.user_id == user_id]

    def _keep_a_way_in(self, user_id: str) -> None:
        """See that the user has one more way in than the one that is about to go."""
        credentials = sum(one.is_way_in for one in self._credentials_of(user_id))
        if credentials + len(self._identities_of(user_id)) < 2:  # noqa: PLR2004  the one that goes, and another
            raise LastWayIn("the last way in cannot be removed")
