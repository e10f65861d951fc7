"""Sessions on the command line."""

import json

import pytest

from command_line import System, run
from handstamp.auth import Auth
from handstamp.core.errors import SessionEnded
from handstamp.core.models import EndReason


def reason_of(system: System, token: str) -> EndReason:
    """Why the session of a token is over, as its owner is told."""

    async def present(auth: Auth) -> EndReason:
        with pytest.raises(SessionEnded) as caught:
            await (await auth.open()).check.authenticate(token.encode(), now=auth.clock())
        return caught.value.reason

    return system.do(present)


def test_sessions_are_listed_without_their_tokens(system: System) -> None:
    """One line a session, with the id whole."""
    session_id, token = system.session(system.user("ada"), user_agent="Lynx/2.9", address="192.0.2.7")
    listed = run("sessions", "list", "ada", "--data", system.data)
    assert listed.exit_code == 0
    [_, line] = listed.stdout.splitlines()
    assert line.startswith(session_id)
    assert line.endswith("fed  192.0.2.7  Lynx/2.9")
    assert token not in listed.output
    assert token.rpartition(".")[2] not in listed.output


def test_sessions_are_listed_as_json(system: System) -> None:
    """What the API says of a session, with whose it is; nothing that signs in."""
    ada = system.user("ada")
    session_id, token = system.session(ada, address="192.0.2.7", persistent=True)
    listed = run("sessions", "list", ada.id, "--json", "--data", system.data)
    [facts] = json.loads(listed.stdout)
    assert (facts["id"], facts["user_id"], facts["address"]) == (session_id, ada.id, "192.0.2.7")
    assert facts["persistent"] is True
    assert token not in listed.stdout


def test_a_session_is_ended_by_its_id(system: System) -> None:
    """The reason is ``admin`` unless another is given; other sessions go on."""
    ada = system.user("ada")
    first, token = system.session(ada)
    second, _ = system.session(ada)
    ended = run("sessions", "end", "--data", system.data, "--", first)
    assert (ended.exit_code, ended.stdout) == (0, f"Ended: {first}\n")
    assert reason_of(system, token) is EndReason.ADMIN
    [left] = system.do(lambda auth: auth.sessions.list(ada.id, now=auth.clock()))
    assert left.id == second


def test_a_reason_is_what_the_person_is_told(system: System) -> None:
    """One of those that a person can know."""
    session_id, token = system.session(system.user("ada"))
    run("sessions", "end", "--reason", "device_lost", "--data", system.data, "--", session_id)
    assert reason_of(system, token) is EndReason.DEVICE_LOST


@pytest.mark.parametrize("reason", ["replayed", "unknown", "because"])
def test_a_reason_that_only_the_system_finds_cannot_be_given(system: System, reason: str) -> None:
    """The audit trail does not say that a session was replayed because somebody typed it."""
    session_id, _ = system.session(system.user("ada"))
    assert run("sessions", "end", session_id, "--reason", reason, "--data", system.data).exit_code == 2


def test_all_sessions_of_a_user_are_ended(system: System) -> None:
    """Those of others go on; doing it again ends none and is no error."""
    ada, grace = system.user("ada"), system.user("grace")
    ids = {system.session(ada)[0], system.session(ada)[0]}
    system.session(grace)
    ended = run("sessions", "end", "--user", "ada", "--data", system.data)
    assert ended.exit_code == 0
    assert {line.removeprefix("Ended: ") for line in ended.stdout.splitlines()} == ids
    assert len(system.do(lambda auth: auth.sessions.list(grace.id, now=auth.clock()))) == 1
    again = run("sessions", "end", "--user", "ada", "--data", system.data)
    assert (again.exit_code, again.stdout) == (0, "")


@pytest.mark.parametrize("session_id", ["-abcdefghijklmnopqrstu", "--bcdefghijklmnopqrstu", "A" * 22])
def test_a_session_that_is_not_there_is_exit_code_3(system: System, session_id: str) -> None:
    """Ids that begin with a hyphen are ids, not options."""
    ended = run("sessions", "end", session_id, "--data", system.data)
    assert ended.exit_code == 3
    assert ended.stderr == f"Error: there is no session '{session_id}', or it was ended before\n"


@pytest.mark.parametrize("words", [(), ("A" * 22, "--user", "ada")])
def test_either_an_id_or_a_user_is_named(system: System, words: tuple[str, ...]) -> None:
    """Nothing is ended by leaving a word out."""
    system.session(system.user("ada"))
    assert run("sessions", "end", *words, "--data", system.data).exit_code == 2


def test_a_mistyped_option_ends_nothing(system: System) -> None:
    """An unknown option is not overlooked."""
    session_id, _ = system.session(system.user("ada"))
    assert run("sessions", "end", "--raeson", "admin", session_id, "--data", system.data).exit_code == 2


def test_commands_find_sessions_where_the_server_keeps_them(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the store that HANDSTAMP_SESSIONS names; users stay in the database."""
    monkeypatch.setenv("HANDSTAMP_SESSIONS", f"sqlite:///{system.data / 'sessions.db'}")
    user = system.user("ada")
    done = run("migrate", "--data", system.data)
    assert done.exit_code == 0
    session_id, _ = system.session(user)
    assert session_id in run("sessions", "list", "ada", "--data", system.data).stdout
    monkeypatch.delenv("HANDSTAMP_SESSIONS")
    assert session_id not in run("sessions", "list", "ada", "--data", system.data).stdout


def test_commands_cannot_see_sessions_in_the_memory_of_another(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so."""
    monkeypatch.setenv("HANDSTAMP_SESSIONS", "memory://")
    refused = run("sessions", "list", "ada", "--data", system.data)
    assert refused.exit_code == 4
    assert "memory:// is inside one process" in refused.stderr
