"""Signing in with a password: as much is done for a name that is nobody's as for one that is somebody's."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from handstamp.core.emails import parse_address
from handstamp.core.errors import LoginFailed
from handstamp.core.models import Credential, User
from handstamp.login.password.tools import PURPOSE, Tools, Visitor
from handstamp.services.audit import log_only

WRONG: Final = "wrong_password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Somebody who has shown their password, and what it is kept as now."""

    user: User
    password: Credential


async def sign_in(
    tools: Tools, handle: str, password: str, visitor: Visitor, *, known: Callable[[str | None], str | None]
) -> Shown:
    """Who has this name and this password.

    Args:
        tools: What it needs.
        handle: A verified e-mail address, or a username.
        password: As it came.
        visitor: Who asks.
        known: Gives, for the id of a user or None, the id by which they know this browser.

    Raises:
        LoginFailed: ``wrong_password``, whether the name is somebody's or not; ``proof_required``.
        RateLimited: Too many tries.
        Busy: The line is full.
        StoreUnavailable: Nobody knows.
    """
    handle = _as_kept(handle)
    user = await tools.find_user(handle)
    kept = await tools.password_of(user)
    attempt = await tools.throttle.admit(
        PURPOSE,
        account=handle,
        address=visitor.address,
        now=visitor.now,
        known=known(None if user is None else user.id),
    )
    verified = await tools.worker.run(lambda: tools.hasher.verify(None if kept is None else kept.secret, password))
    if not verified.ok or user is None or kept is None:
        log_only("sign_in_failed", now=visitor.now, address=visitor.address, method=PURPOSE, reason=WRONG)
        raise LoginFailed(WRONG, "no user has this name and this password")
    await tools.throttle.passed(attempt)
    if verified.upgrade:
        kept = await _upgraded(tools, user, kept, password)
    return Shown(user=user, password=kept)


async def still_holds(tools: Tools, shown: Shown) -> bool:
    """Whether the password is still the one that was shown: asked once a session of it has begun.

    A change between the check and the session would end all sessions but that one.
    """
    kept = await tools.password_of(shown.user)
    return kept is not None and kept.secret == shown.password.secret


async def _upgraded(tools: Tools, user: User, kept: Credential, password: str) -> Credential:
    """The password with a hash as new ones have it. Where somebody else was faster, theirs is looked at anew.

    Raises:
        LoginFailed: ``wrong_password``; it is another password by now.
    """
    better = replace(kept, secret=await tools.hash(password))
    if await tools.people.swap_credential(kept, better):
        return better
    theirs = await tools.password_of(user)
    if theirs is None or not (await tools.worker.run(lambda: tools.hasher.verify(theirs.secret, password))).ok:
        raise LoginFailed(WRONG, "the password was changed meanwhile")
    return theirs


def _as_kept(handle: str) -> str:
    """An address in the one spelling that it is kept in; anything else as it came."""
    if "@" not in handle:
        return handle
    try:
        return parse_address(handle)
    except ValueError:
        return handle
