"""``handstamp users``."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from handstamp.cli.output import AsJson, print_json, print_table, printable
from handstamp.cli.place import Data, Database, Sessions, Where, administer
from handstamp.cli.who import Who, described, the_user
from handstamp.core.models import Identity, User
from handstamp.web.represent import moment, user_data

if TYPE_CHECKING:
    from handstamp.cli.administration import Administration

app = typer.Typer(help="Look at users; give and take roles; disable, enable and delete.", no_args_is_help=True)


@app.command("list")
def list_users(
    *,
    after: Annotated[str | None, typer.Option(metavar="ID", help="Begin after this id.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="At most so many.")] = 100,
    database: Database = None,
    sessions: Sessions = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List users, oldest first."""
    users = administer(lambda system: system.users.list(after=after, limit=limit), Where(database, sessions, data))
    if as_json:
        print_json([_facts(user) for user in users])
        return
    print_table(
        ["id", "e-mail", "username", "name", "roles", "state"],
        [
            [user.id, user.email or "", user.username or "", user.name or "", _roles(user), _state(user)]
            for user in users
        ],
        wraps=frozenset({"name", "roles"}),
    )
    if len(users) == limit:
        typer.echo(f"There may be more: --after {users[-1].id}", err=True)


@app.command()
def show(
    *, who: Who, database: Database = None, sessions: Sessions = None, data: Data = None, as_json: AsJson = False
) -> None:
    """Show a user, and the logins at providers that lead to it."""

    async def look(system: "Administration") -> tuple[User, tuple[Identity, ...]]:
        user = await the_user(system, who)
        return user, await system.store.list_identities(user.id)

    user, identities = administer(look, Where(database, sessions, data))
    facts = _facts(user) | {"identities": [_identity(identity) for identity in identities]}
    if as_json:
        print_json(facts)
        return
    shown = facts | {
        "email_verified": "yes" if user.email_verified else "no",
        "roles": _roles(user),
        "identities": ", ".join(f"{identity.subject} at {identity.issuer}" for identity in identities),
    }
    print_table(["what", "value"], [[name, str(value or "")] for name, value in shown.items()])


@app.command()
def roles(
    *,
    who: Who,
    add: Annotated[
        list[str] | None, typer.Option(metavar="ROLE", help="Give a role. May be repeated.", show_default=False)
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="ROLE", help="Take a role. May be repeated.", show_default=False)
    ] = None,
    database: Database = None,
    sessions: Sessions = None,
    data: Data = None,
) -> None:
    """Give and take roles, and print those that the user has then, one a line."""
    given, taken = frozenset(add or ()), frozenset(remove or ())

    async def change(system: "Administration") -> User:
        user = await the_user(system, who)
        if not given and not taken:
            return user
        return await system.users.change_roles(user.id, add=given, remove=taken, now=system.now)

    user = administer(change, Where(database, sessions, data))
    typer.echo(f"The roles of {printable(described(user))}:", err=True)
    for role in sorted(user.roles):
        typer.echo(role)


@app.command()
def disable(*, who: Who, database: Database = None, sessions: Sessions = None, data: Data = None) -> None:
    """Refuse a user from the next request on, and end all of the user's sessions."""

    async def change(system: "Administration") -> User:
        return await system.users.disable((await the_user(system, who)).id, now=system.now)

    user = administer(change, Where(database, sessions, data))
    typer.echo(f"Disabled, and signed out everywhere: {printable(described(user))}")


@app.command()
def enable(*, who: Who, database: Database = None, sessions: Sessions = None, data: Data = None) -> None:
    """Let a disabled user sign in again."""

    async def change(system: "Administration") -> User:
        return await system.users.enable((await the_user(system, who)).id, now=system.now)

    user = administer(change, Where(database, sessions, data))
    typer.echo(f"Enabled: {printable(described(user))}")


@app.command()
def delete(
    *,
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    database: Database = None,
    sessions: Sessions = None,
    data: Data = None,
) -> None:
    """Delete a user for good, with roles, logins and sessions. Asks first."""
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask on: add --yes to delete")

    async def remove(system: "Administration") -> User:
        user = await the_user(system, who)
        if not yes:
            typer.confirm(f"Delete {printable(described(user))} for good?", abort=True)
        await system.users.delete(user.id, now=system.now)
        return user

    user = administer(remove, Where(database, sessions, data))
    typer.echo(f"Deleted: {printable(described(user))}")


def _facts(user: User) -> dict[str, object]:
    """What the API says of a user, and what only an administrator sees."""
    return user_data(user) | {
        "created_at": moment(user.created_at),
        "disabled_at": None if user.disabled_at is None else moment(user.disabled_at),
    }


def _identity(identity: Identity) -> dict[str, object]:
    return {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "created_at": moment(identity.created_at),
        "last_used_at": moment(identity.last_used_at),
    }


def _roles(user: User) -> str:
    return ", ".join(sorted(user.roles))


def _state(user: User) -> str:
    return "" if user.disabled_at is None else f"disabled {moment(user.disabled_at)}"
