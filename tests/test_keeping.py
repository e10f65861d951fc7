"""The secret of a system: which processes share one, and where it is kept."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from handmade import OTHER_SECRET, SECRET, b64, hkdf
from handstamp.core.errors import ConfigurationError
from handstamp.keeping import derived, kept, system_secrets
from handstamp.settings import Settings, load_settings

POSTGRESQL = "postgresql://app:pa55word@localhost/app"
VALKEY = "valkey://localhost:6379/0"
ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The state folder of a user who has none yet. The test runs in an empty folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("HANDSTAMP_SECRET", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "state" / "handstamp"


def secret_of(database: str | None = POSTGRESQL, sessions: str | None = VALKEY, origin: str = ORIGIN) -> str:
    """The secret that a process with these three finds."""
    (secret,) = system_secrets(Settings(origin=origin), database=database, sessions=sessions)
    return secret


def test_processes_with_the_same_three_have_one_secret() -> None:
    """Whenever they start, whatever their ports."""
    assert secret_of() == secret_of()


@pytest.mark.parametrize(
    "other",
    [
        {"database": "postgresql://app:pa55word@localhost/other"},
        {"database": "mongodb://localhost/app"},
        {"sessions": "valkey://localhost:6379/1"},
        {"sessions": POSTGRESQL},
        {"origin": "http://localhost:8000"},
    ],
)
def test_another_database_other_sessions_or_another_origin_is_another_system(other: dict[str, str]) -> None:
    """What one has signed is worthless in the other."""
    assert secret_of(**other) != secret_of()


def test_the_three_cannot_be_shifted_into_each_other() -> None:
    """Where one ends and the next begins is part of what is derived."""
    assert secret_of('mongodb://a", "b', "c") != secret_of("mongodb://a", 'b", "c')


def test_the_folder_keeps_one_secret_and_names_no_database(state: Path) -> None:
    """Nobody else can read it; what is written holds no URL, and nothing by which a password could be guessed."""
    secret = secret_of()
    secret_of(database="mongodb://localhost/app")
    assert [path.name for path in state.iterdir()] == ["secret"]
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE((state / "secret").stat().st_mode) == 0o600
    assert len((state / "secret").read_text().strip()) == 43
    assert secret not in (state / "secret").read_text()


def test_what_is_derived_does_not_tell_what_it_was_derived_from() -> None:
    """HKDF with a label of its own (RFC 5869)."""
    assert derived(SECRET, "stand-ins") == b64(hkdf(SECRET, "handstamp/1/stand-ins"))


def test_a_configured_secret_comes_first(state: Path) -> None:
    """Then nothing is kept."""
    settings = load_settings(secret=[SECRET, OTHER_SECRET])
    assert system_secrets(settings, database=POSTGRESQL, sessions=VALKEY) == (SECRET, OTHER_SECRET)
    assert not state.exists()


@pytest.mark.parametrize("sessions", ["sqlite:///app.db", VALKEY, "memory://", None])
def test_a_database_that_is_a_file_has_its_secret_beside_it(sessions: str | None, state: Path) -> None:
    """It moves with the file, whoever runs the process."""
    assert secret_of("sqlite:///app.db", sessions) == Path("app.db-secret").read_text().strip()
    assert not state.exists()


@pytest.mark.parametrize(
    ("database", "sessions"),
    [
        ("memory://", "memory://"),
        ("memory://", VALKEY),
        (POSTGRESQL, "memory://"),
        (None, VALKEY),
        (POSTGRESQL, None),
    ],
)
def test_what_is_in_the_memory_of_a_process_has_a_secret_of_its_own(
    database: str | None, sessions: str | None, state: Path
) -> None:
    """No other process could know its sessions. The same for a store that has no URL."""
    assert secret_of(database, sessions) != secret_of(database, sessions)
    assert not state.exists()


def test_a_folder_that_cannot_be_written_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The message says what to do, and shows no password."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(ConfigurationError, match="set HANDSTAMP_SECRET to what `handstamp secret` prints") as refused:
        secret_of()
    assert "pa55word" not in str(refused.value)


@pytest.mark.parametrize(("content", "mode"), [(SECRET, 0o644), ("short", 0o600), ("", 0o600)])
def test_a_kept_secret_that_is_not_fit_stops_the_start(state: Path, content: str, mode: int) -> None:
    """Readable by others, or written by hand."""
    state.mkdir(parents=True)
    (state / "secret").write_text(content)
    (state / "secret").chmod(mode)
    with pytest.raises(ConfigurationError, match=r"no secret can be kept on this machine .*: set HANDSTAMP_SECRET"):
        secret_of()


def test_processes_that_start_together_agree_on_the_secret() -> None:
    """The first one wins, and nobody reads half of it."""
    program = (
        "from pathlib import Path\nfrom handstamp.keeping import kept\nfrom handstamp.core.ids import new_secret\n"
        "print([kept(Path(f'{number}-secret'), new_secret) for number in range(50)])"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(2)]
    outputs = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert len(outputs) == 1
    assert len(list(Path().iterdir())) == 50


def test_whoever_comes_second_takes_what_is_there() -> None:
    """Also where the file appears between the look and the write."""
    path = Path("secret")

    def overtaken() -> str:
        path.write_text(f"{OTHER_SECRET}\n")
        path.chmod(0o600)
        return SECRET

    assert kept(path, overtaken) == OTHER_SECRET
    assert list(Path().iterdir()) == [path]
