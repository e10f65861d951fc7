"""``handstamp sessions``."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from handstamp.cli.output import AsJson, print_json, print_table, printable
from handstamp.cli.place import Data, Database, Sessions, Where, administer
from handstamp.cli.who import Who, described, the_user
from handstamp.core.errors import NotFound
from handstamp.core.models import EndReason, Session, User
from handstamp.web.represent import moment, session_data

if TYPE_CHECKING:
    from handstamp.cli.administration import Administration

app = typer.Typer(help="Look at sessions, and end them.", no_args_is_help=True)

Reason = Literal[
    "admin",
    "device_lost",
    "ended_elsewhere",
    "factor_changed",
    "keys_reset",
    "password_changed",
    "signed_out",
]
"""The reasons that a person can give. The others say what the system found by itself."""


@app.command("list")
def list_sessions(
    *, who: Who, database: Database = None, sessions: Sessions = None, data: Data = None, as_json: AsJson = False
) -> None:
    """List the live sessions of a user, last used first."""

    async def look(system: "Administration") -> tuple[Session, ...]:
        user = await the_user(system, who)
        return await system.sessions.list(user.id, now=system.now)

    found = administer(look, Where(database, sessions, data))
    if as_json:
        print_json([_facts(session) for session in found])
        return
    print_table(
        ["id", "signed in", "last used", "expires", "by", "address", "with"],
        [
            [
                session.id,
                moment(session.authenticated_at),
                moment(session.last_used_at),
                moment(session.expires_at),
                " ".join(session.amr),
                session.address or "",
                session.user_agent or "",
            ]
            for session in found
        ],
        wraps=frozenset({"with"}),
    )


# An id begins with a hyphen once in 64 times: what is no option of ours is taken for one.
@app.command(context_settings={"ignore_unknown_options": True})
def end(
    *,
    session_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The id of a session.", show_default=False)
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(metavar="WHO", help="All sessions of this user instead of a single one.", show_default=False),
    ] = None,
    reason: Annotated[Reason, typer.Option(help="What the person is told.")] = "admin",
    database: Database = None,
    sessions: Sessions = None,
    data: Data = None,
) -> None:
    """End a session, or all sessions of a user. They are refused from the next request on."""
    where = Where(database, sessions, data)
    match session_id, user:
        case str(), None:
            _end_one(session_id, EndReason(reason), where)
        case None, str():
            _end_all(user, EndReason(reason), where)
        case _:
            raise typer.BadParameter("give the id of a session, or --user WHO")


def _end_one(session_id: str, reason: EndReason, where: Where) -> None:
    async def stop(system: "Administration") -> bool:
        return await system.sessions.end(session_id, reason=reason, now=system.now)

    if not administer(stop, where):
        raise NotFound(f"there is no session {session_id!r}, or it was ended before")
    typer.echo(f"Ended: {session_id}")


def _end_all(who: str, reason: EndReason, where: Where) -> None:
    async def stop(system: "Administration") -> tuple[User, tuple[str, ...]]:
        user = await the_user(system, who)
        return user, await system.sessions.end_all(user.id, reason=reason, now=system.now)

    user, ended = administer(stop, where)
    for session_id in ended:
        typer.echo(f"Ended: {session_id}")
    typer.echo(f"Sessions of {printable(described(user))} that were ended: {len(ended)}", err=True)


def _facts(session: Session) -> dict[str, object]:
    """What the API says of a session, and what only an administrator sees. No token."""
    return session_data(session) | {
        "user_id": session.user_id,
        "authenticated_at": moment(session.authenticated_at),
        "last_used_at": moment(session.last_used_at),
        "persistent": session.persistent,
        "user_agent": session.user_agent,
        "address": session.address,
    }
