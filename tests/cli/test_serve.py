"""The server of ``handstamp serve``, as a process of its own."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from command_line import System, clean_environment, run_outside
from handstamp.cli.place import secret_in
from handstamp.core.ids import new_secret
from handstamp.keeping import kept
from serve_process import PATIENCE, serving


@pytest.mark.network
def test_a_server_answers_without_an_application_around_it(tmp_path: Path) -> None:
    """It makes the database on this machine, does not name itself, believes no proxy and logs no request."""
    with serving(tmp_path, "--database", "sqlite:///own.db") as (address, process):
        answer = httpx2.get(f"{address}/auth/session", headers={"X-Forwarded-For": "192.0.2.7"})
        assert answer.status_code in {200, 401}
        assert "server" not in answer.headers
        assert httpx2.get(address, follow_redirects=True).url.path == "/auth/login"
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "192.0.2.7" not in output
    assert "GET /" not in output
    assert "Traceback" not in output
    assert (tmp_path / "own.db").exists()


@pytest.mark.network
def test_requests_are_logged_where_that_is_asked_for(tmp_path: Path) -> None:
    """By --access-log."""
    with serving(tmp_path, "--access-log") as (_, process):
        process.terminate()
        output, _ = process.communicate(timeout=PATIENCE)
    assert "GET /auth/readyz" in output


@pytest.mark.network
def test_the_audit_trail_is_on_stderr(system: System) -> None:
    """One line of JSON an event, without the session's id."""
    secret = kept(secret_in(system.data), new_secret)
    with serving(system.data, "--data", system.data, "--cookie-prefix", "") as (address, process):
        settings = {"origin": address, "secret": (secret,)}
        session_id, token = system.session(system.user("ada"), settings=settings)
        headers = {"Cookie": f"session={token}", "Origin": address}
        assert httpx2.post(f"{address}/auth/logout", headers=headers).status_code in {204, 303}
        process.terminate()
        output, _ = process.communicate(timeout=PATIENCE)
    [line] = [line for line in output.splitlines() if "handstamp.audit" in line]
    assert json.loads(line[line.index("{") :])["event"] == "session_ended"
    assert session_id not in output


@pytest.mark.network
def test_a_port_that_is_taken_is_exit_code_4(tmp_path: Path) -> None:
    """One line that names it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = run_outside("serve", "--port", taken.getsockname()[1], folder=tmp_path)
    assert ended.returncode == 4
    assert ended.stderr.startswith("Error: give another --host or --port: Address already in use")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--origin", "http://id.example"), "plain http"),
        (("--origin", "https://id.example"), "handstamp secret"),
        (("--cookie-prefix", "__Secure-"), "cookie_prefix"),
        (("--database", "sqlite:///missing/app.db"), "missing/app.db"),
    ],
)
def test_a_set_up_that_is_not_fit_does_not_start(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    """One line, exit code 4."""
    ended = run_outside("serve", *words, folder=tmp_path)
    assert ended.returncode == 4
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_off_this_machine_a_database_is_not_made_by_the_server(tmp_path: Path) -> None:
    """That is a step of its own, and the error says which."""
    variables = {"HANDSTAMP_SECRET": "v8Kq2mZr7LwXc4TnYp9HsJd3Fg6BaEuN5RtWiQoVxCk"}
    ended = run_outside("serve", "--origin", "https://id.example", folder=tmp_path, **variables)
    assert ended.returncode == 4
    assert "handstamp migrate" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_without_its_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """The name of the extra, exit code 4."""
    program = "import sys; sys.modules['uvicorn'] = None; from handstamp.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "serve"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 4
    assert ended.stderr == "Error: serve needs the package uvicorn: install handstamp[serve]\n"
