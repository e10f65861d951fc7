"""Another password: by who is signed in, or by who has forgotten theirs and reads the mails of their address."""

from dataclasses import replace
from hashlib import sha256
from typing import Final

from handstamp.core.errors import InvalidInput, LoginFailed
from handstamp.core.faults import Fault
from handstamp.core.models import Credential, EndReason, Principal, User
from handstamp.core.notes import Note
from handstamp.core.policy import HOUR, MINUTE, Bucket
from handstamp.core.text import N_
from handstamp.login.password.tools import NOBODY, PURPOSE, Tools, Visitor, a_password, address_of
from handstamp.services.links import LINK_UNKNOWN

RESET: Final = "/password/reset"
"""The page that the link leads to."""
LIFETIME: Final = HOUR
"""Seconds."""
WRONG: Final = "password_wrong"
NAMELESS: Final = "no_name"
_TRIES: Final = Bucket(5, MINUTE)
"""Of the password that somebody has, in one session."""


def mark_of(secret: str | None) -> str:
    """What binds a link to the password that a user has when it is made: it is void once that is another."""
    return sha256(b"none" if secret is None else secret.encode()).hexdigest()


async def forgot(tools: Tools, email: str, visitor: Visitor) -> None:
    """Send a link by which another password can be chosen, if the address is somebody's. The work is the same.

    Raises:
        RateLimited: Too many mails to this address, or from this network.
        StoreUnavailable: No mail is sent.
    """
    await tools.throttle.admit_mail("forgot", account=email, address=visitor.address, now=visitor.now)
    user = await tools.find_user(email)
    kept = await tools.password_of(user)
    values = {"user": NOBODY if user is None else user.id, "mark": mark_of(None if kept is None else kept.secret)}
    link, _ = tools.links.make(RESET, values, lifetime=LIFETIME, now=visitor.now)
    to = address_of(user) if user is not None and user.disabled_at is None else None
    await tools.mails.send(
        "reset_password", to, language=visitor.language, now=visitor.now, lifetime=LIFETIME, link=link
    )


async def reset(tools: Tools, token: str, password: str, visitor: Visitor) -> User:
    """Put another password in place of the one that somebody forgot, and end all sessions. It signs nobody in.

    A second factor stays as it is, and is asked for at the next sign-in.

    Raises:
        LoginFailed: ``link_unknown``; it is not ours, too old or used, or the password is another one by now.
        InvalidInput: Nobody may have this password.
        Busy: The line is full.
        StoreUnavailable: The password is another one, or the same; sessions may not have ended.
    """
    link = tools.links.open(RESET, token, now=visitor.now)
    user, kept = await _meant(tools, link)
    await tools.judge(password, alone=not await tools.needs_second(user), about=_about(user))
    await tools.look_up(password)
    secret = await tools.hash(password)
    if not await tools.challenges.consume("reset", link.id, expires_at=link.expires_at, now=visitor.now):
        raise LoginFailed(LINK_UNKNOWN, "the link was used before")
    if not await _put(tools, user, kept, secret, visitor):
        raise LoginFailed(LINK_UNKNOWN, "the password was changed meanwhile")
    await _tell(tools, user, visitor, how="reset", keep=None)
    for name in (user.email, user.username):
        if name is not None:
            await tools.throttle.proved(PURPOSE, account=name, address=visitor.address)
    return user


async def change(tools: Tools, principal: Principal, current: str, password: str, visitor: Visitor) -> None:
    """Put another password in place of the one that somebody has, and end their other sessions.

    Args:
        tools: What it needs.
        principal: Whose session is fresh.
        current: The password that they have; it is not looked at where they have none.
        password: The new one.
        visitor: The same person.

    Raises:
        InvalidInput: ``current`` is wrong, nobody may have the new one, or somebody else changed it meanwhile.
        RateLimited: ``current`` was wrong too often.
        Busy: The line is full.
        StoreUnavailable: The password is another one, or the same; sessions may not have ended.
    """
    user = principal.user
    if address_of(user) is None and user.username is None:
        raise InvalidInput([Fault(NAMELESS, N_("Confirm an e-mail address first: you would sign in with it."), "/")])
    kept = await tools.password_of(user)
    if kept is not None:
        await show_again(tools, principal, kept, current, visitor, pointer="/current_password")
    await tools.judge(password, alone=not await tools.needs_second(user), about=_about(user))
    await tools.look_up(password)
    if not await _put(tools, user, kept, await tools.hash(password), visitor):
        raise InvalidInput([Fault("changed_meanwhile", N_("It was changed meanwhile. Begin again."), "/")])
    await _tell(tools, user, visitor, how="change", keep=principal.session.id)


async def show_again(
    tools: Tools, principal: Principal, kept: Credential, password: str, visitor: Visitor, *, pointer: str
) -> None:
    """Return if somebody who is signed in has shown their password. Tries are counted by their session.

    Raises:
        InvalidInput: It is wrong.
        RateLimited: It was wrong too often.
        Busy: The line is full.
    """
    session_id = principal.session.id
    await tools.throttle.admit_within(_TRIES, "password-again", session_id, now=visitor.now)
    verified = await tools.worker.run(lambda: tools.hasher.verify(kept.secret, password))
    if not verified.ok:
        raise InvalidInput([Fault(WRONG, N_("This is not your password."), pointer)])
    await tools.throttle.forget_within("password-again", session_id)


async def _meant(tools: Tools, link: Note) -> tuple[User, Credential | None]:
    user = await tools.people.load_user(link.values["user"])
    kept = await tools.password_of(user)
    if user is None or user.disabled_at is not None:
        raise LoginFailed(LINK_UNKNOWN, "the user is gone or disabled")
    if link.values["mark"] != mark_of(None if kept is None else kept.secret):
        raise LoginFailed(LINK_UNKNOWN, "the password was changed after the link was made")
    return user, kept


async def _put(tools: Tools, user: User, kept: Credential | None, secret: str, visitor: Visitor) -> bool:
    """Whether this call has put it there: of several at once, one does."""
    if kept is None:
        return await tools.people.add_credential(a_password(user.id, secret, now=visitor.now), most=1)
    return await tools.people.swap_credential(kept, replace(kept, secret=secret))


async def _tell(tools: Tools, user: User, visitor: Visitor, *, how: str, keep: str | None) -> None:
    await tools.audit.record(
        "password_changed", now=visitor.now, user_id=user.id, session_id=keep, address=visitor.address, how=how
    )
    await tools.sessions.end_all(
        user.id, reason=EndReason.PASSWORD_CHANGED, now=visitor.now, keep=keep, address=visitor.address
    )
    await tools.mails.send("password_changed", address_of(user), language=visitor.language, now=visitor.now)


def _about(user: User) -> tuple[str | None, ...]:
    return user.email, user.username, user.name
