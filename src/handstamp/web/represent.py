"""What the API says of users and sessions: never a token. Times are RFC 3339, in UTC."""

from datetime import UTC, datetime

from handstamp.core.models import Principal, Session, User


def moment(at: float) -> str:
    """Seconds since the epoch as RFC 3339."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def user_data(user: User) -> dict[str, object]:
    """A user, as the user may see it."""
    return {
        "id": user.id,
        "email": user.email,
        "email_verified": user.email_verified,
        "name": user.name,
        "username": user.username,
        "picture": user.picture,
        "roles": sorted(user.roles),
    }


def session_data(session: Session) -> dict[str, object]:
    """A session, as ``GET /auth/session`` tells it."""
    return {
        "id": session.id,
        "created_at": moment(session.created_at),
        "expires_at": moment(session.expires_at),
        "amr": list(session.amr),
        "aal": session.aal,
    }


def listed_session_data(session: Session, *, current: str) -> dict[str, object]:
    """A session among others of the same user."""
    return session_data(session) | {
        "last_used_at": moment(session.last_used_at),
        "user_agent": session.user_agent,
        "address": session.address,
        "current": session.id == current,
    }


def principal_data(principal: Principal) -> dict[str, object]:
    """The answer of ``GET /auth/session`` to somebody who is signed in."""
    return {
        "authenticated": True,
        "user": user_data(principal.user),
        "session": session_data(principal.session),
    }
