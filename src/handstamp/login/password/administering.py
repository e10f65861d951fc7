"""Passwords that whoever runs the application puts in place: of people who come from other software, or by hand."""

from handstamp.core.errors import NotFound
from handstamp.core.models import CredentialKind, EndReason
from handstamp.login.password.hashing import check_importable
from handstamp.login.password.tools import Tools, a_password


async def put_hash(tools: Tools, user_id: str, kept: str, *, now: float, how: str = "import") -> None:
    """Give a user the password that a hash is of, in place of the one that they had. All their sessions end.

    Args:
        tools: What it needs.
        user_id: Of somebody who has a verified address or a username, or nobody signs in with it.
        kept: The hash, of any format that can be imported; it becomes one of ours at the first sign-in.
        now: Seconds since the epoch.
        how: For the audit trail.

    Raises:
        InvalidHash: It cannot be imported.
        NotFound: There is no such user.
        StoreUnavailable: It may be in place or not; putting it there again does no harm.
    """
    check_importable(kept)
    new = a_password(user_id, kept, now=now)
    if await tools.people.replace_credentials(user_id, CredentialKind.PASSWORD, [new]) is None:
        raise NotFound("there is no such user")
    await tools.audit.record("password_changed", now=now, user_id=user_id, how=how)
    await tools.sessions.end_all(user_id, reason=EndReason.PASSWORD_CHANGED, now=now)


async def put_password(tools: Tools, user_id: str, password: str, *, now: float) -> None:
    """Give a user a password, in place of the one that they had. All their sessions end.

    Raises:
        InvalidInput: Nobody may have this password.
        Busy: The line is full.
        NotFound: There is no such user.
        StoreUnavailable: It may be in place or not; putting it there again does no harm.
    """
    await tools.judge(password, alone=True, about=())
    await tools.look_up(password)
    await put_hash(tools, user_id, await tools.hash(password), now=now, how="admin")
