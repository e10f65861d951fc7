"""What tests do before the step that they are about."""

from dataclasses import replace

from handstamp.core.errors import AddressTaken
from handstamp.core.ids import new_id
from handstamp.core.models import Credential, EndReason, Generations, Identity, Profile, Session, User
from handstamp.core.protocols import CredentialStore, SessionStore, UserStore
from handstamp.testing.samples import LATER, NOW, a_user


async def started(store: SessionStore, session: Session) -> Session:
    """Store a session that replaces none."""
    await store.start_session(session, replaces=None, now=NOW)
    return session


async def is_started(store: SessionStore, session: Session, *, replaces: str | None = None) -> bool:
    """Whether a session was stored: False where its id is taken."""
    try:
        await store.start_session(session, replaces=replaces, now=LATER)
    except ValueError:
        return False
    return True


async def ended(store: SessionStore, session: Session) -> Session:
    """Store a session and end it, reason ``signed_out``."""
    await started(store, session)
    now_ended = await store.end_session(session.id, reason=EndReason.SIGNED_OUT, now=NOW)
    assert now_ended is not None
    return now_ended


def advanced(session: Session) -> Generations:
    """The generations of a session after the next token was issued."""
    generations = session.generations
    return replace(generations, issued=generations.issued + 1, issued_at=LATER)


async def signed_up(store: UserStore, profile: Profile, *, now: float = NOW) -> User:
    """The user that a new identity makes."""
    user, made = await store.upsert_identity(profile, user_id=new_id(now), now=now)
    assert made
    return user


async def holder_told(store: UserStore, profile: Profile) -> str | None:
    """The id of the user who keeps a new identity from making one; None where it made one."""
    try:
        await store.upsert_identity(profile, user_id=new_id(LATER), now=LATER)
    except AddressTaken as taken:
        return taken.user_id
    return None


async def added(store: UserStore, user: User | None = None) -> User:
    """Store a user who has no way in."""
    user = user or a_user()
    assert await store.add_user(user)
    return user


async def given(store: CredentialStore, credential: Credential) -> Credential:
    """Store a credential."""
    assert await store.add_credential(credential, most=100)
    return credential


async def linked(store: UserStore, user: User, profile: Profile) -> Identity:
    """Give a user an identity."""
    identity = await store.link_identity(profile, user_id=user.id, now=NOW)
    assert identity is not None
    return identity
