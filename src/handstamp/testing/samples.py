"""Values to test with. Each builder gives a new one with ids of its own; ``changes`` replace its fields."""

from dataclasses import replace
from typing import Any, Final

from handstamp.core.ids import new_id, new_secret, new_session_id
from handstamp.core.mail import QueuedMail
from handstamp.core.models import AuditEvent, Credential, CredentialKind, Generations, Profile, Session, User

NOW: Final = 1_800_000_000.0
"""When tests take place. Seconds since the epoch."""

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR

LATER: Final = NOW + HOUR

ODD_TEXT: Final = " \x01\x7f\r\n\t'\"\\%_$.{}[] e\u0301 é \u202e\u2028\ufeff \uffff \U0001f98a\U0010ffff "
"""What a store must give back as it is: white space around it, control characters, quotes and wildcards, an accent
that stands alone and one that does not, marks of direction, the first and the last of Unicode's planes."""


def a_session(**changes: Any) -> Session:
    """A live session that began at ``NOW``, with an idle limit of a day and an absolute limit of a week."""
    session = Session(
        id=new_session_id(),
        user_id=new_id(NOW),
        created_at=NOW,
        expires_at=NOW + 7 * DAY,
        last_used_at=NOW,
        idle_timeout=DAY,
        generations=Generations(issued_at=NOW, confirmed_at=NOW),
        amr=("pwd",),
        authenticated_at=NOW,
    )
    return replace(session, **changes)


def a_profile(**changes: Any) -> Profile:
    """What a provider says of a person who never signed in before."""
    profile = Profile(
        issuer="https://id.example",
        subject=new_secret(),
        email="ada@example.org",
        email_verified=True,
        name="Ada Lovelace",
        username="ada",
        picture="https://id.example/ada.png",
    )
    return replace(profile, **changes)


def a_user(**changes: Any) -> User:
    """A person who has an account, and no way in yet."""
    user = User(id=new_id(NOW), created_at=NOW, name="Ada Lovelace", username="ada")
    return replace(user, **changes)


def a_credential(user_id: str, kind: CredentialKind = CredentialKind.PASSWORD, **changes: Any) -> Credential:
    """A credential of a user, confirmed; by its kind alone it is a password."""
    credential = Credential(
        id=new_id(NOW),
        user_id=user_id,
        kind=kind,
        secret=new_secret(),
        created_at=NOW,
        confirmed_at=NOW,
    )
    return replace(credential, **changes)


def a_mail(**changes: Any) -> QueuedMail:
    """A mail that is due, with an id of its own."""
    mail = QueuedMail(id=new_id(NOW), sealed="sealed", created_at=NOW, due_at=NOW, expires_at=LATER)
    return replace(mail, **changes)


def an_event(**changes: Any) -> AuditEvent:
    """A sign-in, as the audit log keeps it."""
    event = AuditEvent(
        id=new_id(NOW),
        at=NOW,
        event="session_started",
        user_id=new_id(NOW),
        session_id=new_session_id(),
        address="192.0.2.1",
        detail={"provider": "x"},
    )
    return replace(event, **changes)
