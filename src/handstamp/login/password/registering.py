"""Signing up with a password: an account is made for who has shown that the address is theirs, and for nobody else.

Nothing is kept when somebody registers. The mail that is sent holds a link with the address and the hash of the
password, sealed; following it makes the account. So whoever registers with somebody else's address has prepared
nothing. That the owner of the address follows such a link by mistake must not let the stranger in either: the
link asks for the password, unless it is followed in the browser that registered.
"""

from typing import Final

from handstamp.core.errors import InvalidInput, LoginFailed
from handstamp.core.faults import Fault
from handstamp.core.ids import new_id
from handstamp.core.models import User
from handstamp.core.notes import Note
from handstamp.core.policy import DAY, MINUTE, Bucket
from handstamp.core.text import N_
from handstamp.login.password.tools import PURPOSE, Tools, Visitor, a_password
from handstamp.services.links import LINK_UNKNOWN

CONFIRM: Final = "/password/confirm"
"""The page that the link leads to."""
LIFETIME: Final = DAY
"""Seconds."""
WRONG: Final = "password_wrong"
_TRIES: Final = Bucket(5, MINUTE)
"""Of the password of one link."""


async def register(tools: Tools, email: str, password: str, visitor: Visitor) -> str:
    """Send a mail to an address: with a link that makes an account, or saying that there is one.

    The work is the same either way: one hash, one link, one mail.

    Returns:
        The id of the link, for the browser that asked.

    Raises:
        InvalidInput: Nobody may have this password.
        RateLimited: Too many mails to this address, or from this network.
        Busy: The line is full.
        StoreUnavailable: No mail is sent.
    """
    await tools.judge(password, alone=True, about=(email,))
    await tools.throttle.admit_mail("register", account=email, address=visitor.address, now=visitor.now)
    await tools.look_up(password)  # what anybody can cause, behind the limit
    user = await tools.find_user(email)
    kept = await tools.hash(password)
    link, link_id = tools.links.make(CONFIRM, {"email": email, "hash": kept}, lifetime=LIFETIME, now=visitor.now)
    name, leads_to = ("verify_email", link) if user is None else ("account_exists", tools.forgot_page)
    await tools.mails.send(name, email, language=visitor.language, now=visitor.now, lifetime=LIFETIME, link=leads_to)
    return link_id


async def confirm(tools: Tools, token: str, password: str | None, visitor: Visitor, *, began: str | None) -> User:
    """Make the account that a link is for.

    Args:
        tools: What it needs.
        token: Of the link.
        password: The one that was chosen; None where it was not asked for.
        visitor: Who follows the link.
        began: The id of the link that this browser asked for, if it did.

    Raises:
        LoginFailed: ``link_unknown``; it is not ours, too old or used, or the address is somebody's by now.
        InvalidInput: The password is not the one that was chosen.
        RateLimited: It was wrong too often.
        Busy: The line is full.
        StoreUnavailable: No account was made, or one without address that nobody can sign in to.
    """
    link = tools.links.open(CONFIRM, token, now=visitor.now)
    if began != link.id:
        await _same_password(tools, link, password, visitor)
    if not await tools.challenges.consume("register", link.id, expires_at=link.expires_at, now=visitor.now):
        raise LoginFailed(LINK_UNKNOWN, "the link was used before")
    return await _made(tools, link, visitor)


async def _same_password(tools: Tools, link: Note, password: str | None, visitor: Visitor) -> None:
    if not password:
        raise InvalidInput([Fault("missing", N_("Enter the password that you chose."), "/password")])
    await tools.throttle.admit_within(_TRIES, "register", link.id, now=visitor.now)
    verified = await tools.worker.run(lambda: tools.hasher.verify(link.values["hash"], password))
    if not verified.ok:
        raise InvalidInput([Fault(WRONG, N_("This is not the password that was chosen."), "/password")])


async def _made(tools: Tools, link: Note, visitor: Visitor) -> User:
    """The new user. The address comes last: until then nobody can sign in to the account, nor find it."""
    now = visitor.now
    user_id = new_id(now)
    await tools.people.add_user(User(id=user_id, created_at=now))
    await tools.people.add_credential(a_password(user_id, link.values["hash"], now=now), most=1)
    user = await tools.people.claim_email(user_id, link.values["email"], now=now)
    if user is None:
        await tools.people.delete_user(user_id)
        raise LoginFailed(LINK_UNKNOWN, "the address is somebody's by now")
    await tools.audit.record("signed_up", now=now, user_id=user.id, address=visitor.address, method=PURPOSE)
    return user
