"""Whose an address is. Only a verified address identifies anybody, and of all users at most one has it."""

from handstamp.core.ids import new_id
from handstamp.core.models import User
from handstamp.core.people import UserStore
from handstamp.core.text import lower_ascii
from handstamp.services.audit import Audit


async def owner_of(address: str, people: UserStore) -> User | None:
    """The user who has verified an address; None where nobody has.

    A username that looks like the address is no address, and one that nobody verified is nobody's.

    Raises:
        StoreUnavailable: Nobody knows.
    """
    found = [
        user
        for user in await people.find_users(address)
        if user.email_verified and user.email is not None and lower_ascii(user.email) == lower_ascii(address)
    ]
    return found[0] if len(found) == 1 else None


async def make_owner(address: str, people: UserStore, audit: Audit, *, now: float) -> User | None:
    """A new user for somebody who has just proved to have an address.

    Whoever has it unverified loses it, and nothing else: what a stranger prepared under it stays the stranger's.
    Where somebody was faster with the same address, that is whose it is; None where it is nobody's all the same.

    Raises:
        StoreUnavailable: There may be a user without any way in, who can never be signed in to.
    """
    made = User(id=new_id(now), created_at=now)
    await people.add_user(made)
    user = await people.claim_email(made.id, address, now=now)
    if user is None:
        await people.delete_user(made.id)
        return await owner_of(address, people)
    await audit.record("signed_up", now=now, user_id=user.id, method="email-code")
    return user
