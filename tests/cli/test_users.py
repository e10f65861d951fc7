"""Users on the command line."""

import asyncio
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from command_line import PROGRAM, System, clean_environment, run, run_outside
from handstamp.auth import Auth
from handstamp.core.errors import NotFound, SessionEnded
from handstamp.core.models import EndReason, Profile


def test_users_are_listed_oldest_first(system: System) -> None:
    """One line a user, with the id whole."""
    ada, grace = system.user("ada", name="Ada Lovelace", email="ada@example.org"), system.user("grace")
    listed = run("users", "list", "--data", system.data)
    assert listed.exit_code == 0
    heading, *lines = listed.stdout.splitlines()
    assert heading.split() == ["id", "e-mail", "username", "name", "roles", "state"]
    assert [line.split()[0] for line in lines] == [ada.id, grace.id]
    assert "Ada Lovelace" in lines[0]


def test_users_are_listed_as_json(system: System) -> None:
    """What the API says of a user, with when it was made and disabled."""
    ada = system.user("ada", email="ada@example.org", email_verified=True)
    run("users", "disable", "ada", "--data", system.data)
    [facts] = json.loads(run("users", "list", "--json", "--data", system.data).stdout)
    assert facts["id"] == ada.id
    assert (facts["email"], facts["email_verified"], facts["roles"]) == ("ada@example.org", True, [])
    assert facts["created_at"].endswith("Z")
    assert facts["disabled_at"].endswith("Z")


def test_a_long_list_comes_in_pages(system: System) -> None:
    """A full page says how to go on, apart from the list."""
    ids = [system.user(name).id for name in ("ada", "grace", "linus")]
    first = run("users", "list", "--limit", 2, "--data", system.data)
    assert f"--after {ids[1]}" in first.stderr
    rest = run("users", "list", "--limit", 2, "--after", ids[1], "--data", system.data)
    assert [line.split()[0] for line in rest.stdout.splitlines()[1:]] == ids[2:]
    assert rest.stderr == ""


def test_a_name_cannot_steer_the_terminal(system: System) -> None:
    """Control characters, escape sequences and text that runs backwards, written by hand, are shown as escapes."""
    profile = Profile(issuer="https://x.com", subject="1", name="\x1b]0;owned\x07\u202eA[red]da\n")
    system.do(lambda auth: auth.store.upsert_identity(profile, user_id="1", now=auth.clock()))
    listed = run("users", "list", "--data", system.data).stdout
    assert r"\x1b]0;owned\x07\u202eA[red]da\n" in listed
    assert not {"\x1b", "\x07", "\u202e"} & set(listed)


@pytest.mark.parametrize("who", ["ada", "ADA", "ada@example.org"])
def test_a_user_is_shown_by_any_name(system: System, who: str) -> None:
    """Username and e-mail address, in any case; the logins are shown too."""
    ada = system.user("ada", email="ada@example.org", email_verified=True)
    shown = run("users", "show", who, "--data", system.data).stdout
    assert ada.id in shown
    assert "ada at https://x.com" in shown


def test_a_user_is_shown_as_json(system: System) -> None:
    """With the identities."""
    ada = system.user("ada")
    facts = json.loads(run("users", "show", ada.id, "--json", "--data", system.data).stdout)
    assert facts["username"] == "ada"
    [identity] = facts["identities"]
    assert (identity["issuer"], identity["subject"]) == ("https://x.com", "ada")


@pytest.mark.parametrize("command", ["show", "roles", "disable", "enable"])
def test_a_user_who_is_not_there_is_exit_code_3(system: System, command: str) -> None:
    """Nobody, said in one line."""
    ended = run("users", command, "nobody", "--data", system.data)
    assert ended.exit_code == 3
    assert ended.stderr == "Error: there is no user 'nobody': give an id, an e-mail address or a username\n"


def test_a_name_of_two_users_is_refused_with_their_ids(system: System) -> None:
    """Nobody is changed by a guess."""
    one, other = system.user("ada", subject="1"), system.user("Ada", subject="2")
    ended = run("users", "roles", "ada", "--add", "admin", "--data", system.data)
    assert ended.exit_code == 3
    assert one.id in ended.stderr
    assert other.id in ended.stderr
    assert not system.again(one).roles | system.again(other).roles


def test_an_id_comes_before_a_username_that_looks_the_same(system: System) -> None:
    """Nobody makes an account unreachable by taking its id for a name."""
    ada = system.user("ada")
    mallory = system.user(ada.id)
    assert run("users", "disable", ada.id, "--data", system.data).exit_code == 0
    assert system.again(ada).disabled_at is not None
    assert system.again(mallory).disabled_at is None


def test_roles_are_given_and_taken(system: System) -> None:
    """Several at once; what is printed is what the user has then, one a line."""
    ada = system.user("ada")
    run("users", "roles", "ada", "--add", "analyst", "--data", system.data)
    changed = run(
        *("users", "roles", "ada", "--add", "admin", "--add", "editor", "--remove", "analyst"), "--data", system.data
    )
    assert changed.exit_code == 0
    assert changed.stdout == "admin\neditor\n"
    assert system.again(ada).roles == {"admin", "editor"}


def test_roles_are_printed_where_none_is_given_or_taken(system: System) -> None:
    """That leaves no trace in the audit trail."""
    system.user("ada")
    run("users", "roles", "ada", "--add", "analyst", "--data", system.data)
    before = system.do(lambda auth: auth.store.list_events())
    assert run("users", "roles", "ada", "--data", system.data).stdout == "analyst\n"
    assert system.do(lambda auth: auth.store.list_events()) == before


def test_what_is_no_name_of_a_role_is_wrong_usage(system: System) -> None:
    """Exit code 2, and nothing is changed."""
    ada = system.user("ada")
    ended = run("users", "roles", "ada", "--add", "Not a role", "--data", system.data)
    assert ended.exit_code == 2
    assert "'Not a role' is no name for a role" in ended.stderr
    assert system.again(ada).roles == frozenset()


def test_a_disabled_user_is_signed_out_and_can_be_enabled(system: System) -> None:
    """The sessions end at once; enabling brings none of them back."""
    ada = system.user("ada")
    _, token = system.session(ada)
    assert run("users", "disable", "ada", "--data", system.data).exit_code == 0
    assert run("users", "enable", "ada", "--data", system.data).exit_code == 0
    assert system.again(ada).disabled_at is None

    async def come_back(auth: Auth) -> EndReason:
        with pytest.raises(SessionEnded) as caught:
            await (await auth.open()).check.authenticate(token.encode(), now=auth.clock())
        return caught.value.reason

    assert system.do(come_back) is EndReason.USER_DISABLED


def test_nobody_is_deleted_without_being_asked_for(system: System) -> None:
    """Without a terminal it takes --yes."""
    ada = system.user("ada")
    ended = run("users", "delete", "ada", "--data", system.data)
    assert ended.exit_code == 2
    assert "--yes" in ended.stderr
    assert system.again(ada) == ada


def test_a_user_is_deleted_with_yes(system: System) -> None:
    """With the sessions."""
    ada = system.user("ada")
    system.session(ada)
    assert run("users", "delete", "ada", "--yes", "--data", system.data).exit_code == 0
    with pytest.raises(NotFound):
        system.again(ada)
    assert system.do(lambda auth: auth.sessions.list(ada.id, now=auth.clock())) == ()


@pytest.mark.parametrize(("answer", "exit_code"), [("y", 0), ("n", 1)])
def test_on_a_terminal_deleting_asks(system: System, answer: str, exit_code: int) -> None:
    """The question names the person; no is exit code 1."""
    ada = system.user("ada", email="ada@example.org")
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{answer}\n".encode())
        ended = subprocess.run(
            [*PROGRAM, "users", "delete", "ada", "--data", str(system.data)],
            env=clean_environment(),
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert f"Delete {ada.id} (ada, ada@example.org, not verified) for good? [y/N]" in ended.stdout
    assert ended.returncode == exit_code
    left = system.do(lambda auth: auth.users.find(ada.id))
    assert left == (() if answer == "y" else (ada,))


async def test_a_role_given_by_another_process_counts_at_the_very_next_check(tmp_path: Path) -> None:
    """An application that has the answer in memory does not use it once the command has returned (SES-01)."""
    auth = Auth(f"sqlite:///{tmp_path / 'handstamp.db'}")
    services = await auth.open()
    try:
        now = auth.clock()
        ada = await auth.users.sign_in(Profile(issuer="https://x.com", subject="1", username="ada"), now=now)
        token = (await auth.sessions.start(ada, amr=("fed",), now=now)).token.encode()
        await services.check.authenticate(token, now=now)
        remembered = services.check.find(token, auth.clock())
        assert remembered is not None
        assert not remembered.principal.has_role("analyst")
        words = ("users", "roles", "ada", "--add", "analyst", "--data", tmp_path)
        done = await asyncio.to_thread(run_outside, *words, folder=tmp_path)
        assert (done.returncode, done.stdout) == (0, "analyst\n")
        assert services.check.find(token, auth.clock()) is None
        assert (await services.check.authenticate(token, now=auth.clock())).principal.has_role("analyst")
    finally:
        await auth.close()
