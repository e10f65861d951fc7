"""Which user a command means."""

from typing import TYPE_CHECKING, Annotated

import typer

from handstamp.core.errors import NotFound
from handstamp.core.models import User

if TYPE_CHECKING:
    from handstamp.cli.administration import Administration

Who = Annotated[
    str, typer.Argument(metavar="WHO", help="An id, an e-mail address or a username.", show_default=False)
]


async def the_user(system: "Administration", who: str) -> User:
    """The one user whose id, e-mail address or username this is.

    An id comes first: nobody hides behind a username that is the id of somebody else.

    Raises:
        NotFound: There is none, or several; the message names their ids.
    """
    found = await system.users.find(who)
    for user in found:
        if user.id == who:
            return user
    match found:
        case (user,):
            return user
        case ():
            raise NotFound(f"there is no user {who!r}: give an id, an e-mail address or a username")
        case _:
            ids = ", ".join(user.id for user in found)
            raise NotFound(f"{who!r} names {len(found)} users: give one of the ids {ids}")


def described(user: User) -> str:
    """A user in a sentence: the id, and the names by which a person knows whether it is the right one."""
    email = user.email and (user.email if user.email_verified else f"{user.email}, not verified")
    names = ", ".join(name for name in (user.username, email) if name)
    return f"{user.id} ({names})" if names else user.id
