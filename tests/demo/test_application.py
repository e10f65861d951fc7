"""The article's application, run as a process and used without a browser."""

import asyncio
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from demo_process import Demo, handstamp, running_demo
from demo_visitor import PAGE, SESSION, Visitor

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("demo")]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One process for the tests of this module."""
    with running_demo(tmp_path_factory.mktemp("demo") / "data") as running:
        yield running


@pytest.fixture
def visitor(demo: Demo) -> Iterator[Visitor]:
    """Somebody who is not signed in."""
    with Visitor(demo) as someone:
        yield someone


@pytest.mark.parametrize("provider", ["x", "google"])
@pytest.mark.parametrize("person", ["ada", "grace", "linus"])
def test_each_person_can_sign_in_with_each_provider(visitor: Visitor, provider: str, person: str) -> None:
    """Signing in leads to the account page, which shows the flag."""
    visitor.sign_in(provider, person)
    page = visitor.ask("GET", "/auth/account", headers=PAGE)
    assert "loggedIn: true" in page.text
    assert visitor.ask("GET", "/api/me").json()["name"].lower().startswith(person)


def test_the_same_person_signs_in_as_the_same_user_again(visitor: Visitor) -> None:
    """An identity is found again, with the id that it had (A1, A9)."""
    visitor.sign_in()
    first = visitor.ask("GET", "/api/me").json()
    visitor.sign_in()
    assert visitor.ask("GET", "/api/me").json() == first


def test_signing_in_again_ends_the_session_before(visitor: Visitor) -> None:
    """What was presented at sign-in is replaced (SES-02)."""
    visitor.sign_in()
    before = dict(visitor.cookies)
    visitor.sign_in(person="grace")
    visitor.cookies = before
    refused = visitor.ask("GET", "/api/me")
    assert (refused.status_code, refused.json()["reason"]) == (401, "replaced")


def test_an_old_cookie_is_refused_after_signing_out(visitor: Visitor) -> None:
    """The signature is still good, the session is not (A5, A6, SES-01)."""
    visitor.sign_in()
    old = dict(visitor.cookies)
    assert visitor.ask("POST", "/auth/logout").status_code == 204
    assert SESSION not in visitor.cookies
    visitor.cookies = old
    refused = visitor.ask("GET", "/api/me")
    assert refused.status_code == 401
    assert (refused.json()["code"], refused.json()["reason"]) == ("session_ended", "signed_out")
    assert SESSION not in visitor.cookies


def test_records_are_for_people_who_are_signed_in(visitor: Visitor) -> None:
    """Posting and listing need a session; both work with one."""
    assert visitor.ask("POST", "/db", json={"text": "no"}).status_code == 401
    visitor.sign_in()
    assert visitor.ask("POST", "/db", json={"text": "a mark"}).status_code == 201
    assert "a mark" in {item["text"] for item in visitor.ask("GET", "/db").json()["items"]}


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "x" * 501}, {"text": 7}, []])
def test_a_bad_record_is_refused_with_a_4xx(visitor: Visitor, body: object) -> None:
    """Bad input is the caller's fault and says so."""
    visitor.sign_in()
    assert visitor.ask("POST", "/db", json=body).status_code == 422


def test_anonymous_callers_get_a_part_of_the_feed(visitor: Visitor) -> None:
    """The same route tells members more (A13)."""
    part = visitor.ask("GET", "/api/feed").json()["items"]
    visitor.sign_in()
    whole = visitor.ask("GET", "/api/feed").json()["items"]
    assert len(part) < len(whole)
    assert all(item in whole for item in part)


def test_a_role_counts_at_the_next_request(demo: Demo, visitor: Visitor) -> None:
    """Roles come from the store, and the command line changes them while the application runs (A7)."""
    visitor.sign_in("x", "linus")
    assert visitor.ask("GET", "/api/reports").json()["code"] == "forbidden"
    user = visitor.ask("GET", "/api/me").json()["id"]
    assert handstamp("users", "roles", user, "--add", "analyst", "--data", str(demo.data)).returncode == 0
    assert visitor.ask("GET", "/api/reports").status_code == 200
    assert visitor.ask("GET", "/api/me").json()["roles"] == ["analyst"]
    assert handstamp("users", "roles", user, "--remove", "analyst", "--data", str(demo.data)).returncode == 0
    assert visitor.ask("GET", "/api/reports").status_code == 403


def test_a_disabled_user_is_out_at_the_next_request(demo: Demo, visitor: Visitor) -> None:
    """The session ends, and signing in again is refused until the user is enabled."""
    visitor.sign_in("google", "linus")
    user = visitor.ask("GET", "/api/me").json()["id"]
    assert handstamp("users", "disable", user, "--data", str(demo.data)).returncode == 0
    assert visitor.ask("GET", "/api/me").json()["reason"] == "user_disabled"
    refused = visitor.come_back(visitor.decide(visitor.authorize_url("google"), person="linus"))
    assert refused.status_code == 403
    assert handstamp("users", "enable", user, "--data", str(demo.data)).returncode == 0
    visitor.sign_in("google", "linus")


def test_refusing_at_the_provider_signs_nobody_in(visitor: Visitor) -> None:
    """A page says what happened and leads back."""
    for provider in ("x", "google"):
        page = visitor.come_back(visitor.decide(visitor.authorize_url(provider), decision="deny"))
        assert page.status_code == 403
        assert "/auth/login" in page.text
        assert SESSION not in visitor.cookies


def test_a_callback_works_once_and_in_its_own_browser(demo: Demo, visitor: Visitor) -> None:
    """A stolen callback address is worth nothing elsewhere, nor again here (OAU-01)."""
    callback = visitor.decide(visitor.authorize_url("google"), person="ada")
    with Visitor(demo) as thief:
        assert thief.come_back(callback).status_code == 400
        assert SESSION not in thief.cookies
    flow = dict(visitor.cookies)
    assert visitor.come_back(callback).status_code == 303
    visitor.cookies = flow
    assert visitor.come_back(callback).status_code == 400


def test_sign_ins_in_two_tabs_both_work(visitor: Visitor) -> None:
    """Each tab's flow has a cookie of its own."""
    first, second = visitor.authorize_url("x"), visitor.authorize_url("google")
    callbacks = visitor.decide(first, person="ada"), visitor.decide(second, person="grace")
    assert [visitor.come_back(callback).status_code for callback in callbacks] == [303, 303]


def test_remembered_sessions_outlive_the_browser(visitor: Visitor) -> None:
    """The cookie gets Max-Age only where that was asked for."""
    url = visitor.authorize_url("x", remember="1", return_to="/api/me")
    response = visitor.come_back(visitor.decide(url, person="ada"))
    cookies = response.headers.get_list("set-cookie")
    assert response.headers["location"] == "/api/me"
    assert any(cookie.startswith(f"{SESSION}=") and "Max-Age=" in cookie for cookie in cookies)


async def test_the_echo_is_for_people_who_are_signed_in(demo: Demo, visitor: Visitor) -> None:
    """A handshake without a session is refused with 401; with one, the echo answers."""
    address = f"ws://127.0.0.1:{demo.port}/ws"
    with pytest.raises(InvalidStatus) as refused:
        await connect(address)
    assert refused.value.response.status_code in {401, 403}
    await asyncio.to_thread(visitor.sign_in)
    headers = {"Cookie": visitor.cookie_header()}
    async with connect(address, additional_headers=headers, origin=Origin(demo.url)) as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"
    with pytest.raises(InvalidStatus):
        await connect(address, additional_headers=headers, origin=Origin("http://evil.example"))


def test_the_folder_keeps_its_secrets_to_itself(demo: Demo) -> None:
    """Nobody else on the machine can read the secret, the keys or the sessions."""
    for name in ("secret", "signing-key.pem", "handstamp.db", "handstamp.db-epoch"):
        assert (demo.data / name).stat().st_mode & 0o077 == 0, name


def test_no_log_line_holds_a_token(demo: Demo, visitor: Visitor) -> None:
    """What the process prints names nobody's token (SES-12, LOG-01)."""
    visitor.sign_in()
    token = visitor.cookies[SESSION]
    assert token not in demo.log.read_text()


def test_a_taken_port_is_one_line(demo: Demo, tmp_path: Path) -> None:
    """The second demo on a port says what to do, without a traceback."""
    result = handstamp("demo", "--port", str(demo.port), "--data", str(tmp_path / "other"))
    assert result.returncode != 0
    assert "--port" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_interrupt_ends_the_demo_quietly(tmp_path: Path) -> None:
    """Ctrl-C is how one leaves: no traceback, and 0."""
    with running_demo(tmp_path / "data") as running:
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(20) == 0
        assert "Traceback" not in running.log.read_text()


def test_real_providers_are_offered_where_they_are_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the stand-ins, by their names, on the home page and on the one for signing in."""
    monkeypatch.setenv("HANDSTAMP_GITHUB_CLIENT_ID", "client-1")
    monkeypatch.setenv("HANDSTAMP_GITHUB_CLIENT_SECRET", "hush-hush")
    with running_demo(tmp_path / "data") as running, Visitor(running) as someone:
        for path in ("/", "/auth/login"):
            page = someone.ask("GET", path, headers=PAGE).text
            offered = re.findall(r"Sign in with (\w+)", page)
            assert offered == ["X", "Google", "GitHub"]
        sent = someone.ask("GET", "/auth/login/github", headers=PAGE)
        assert sent.headers["location"].startswith("https://github.com/login/oauth/authorize?")
