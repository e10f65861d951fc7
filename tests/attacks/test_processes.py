"""Two demo processes over one folder, attacked with bytes that no client library sends."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from demo_process import Demo, running_demo
from demo_visitor import PAGE, SESSION, Visitor

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("demo")]

MANY = 30


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, Demo]]:
    """Two processes that are one application: the second has the origin of the first."""
    data: Path = tmp_path_factory.mktemp("attacks") / "data"
    with running_demo(data) as one, running_demo(data, "--origin", one.url) as two:
        yield one, two


@pytest.fixture
def visitor(pair: tuple[Demo, Demo]) -> Iterator[Visitor]:
    """Somebody who is not signed in."""
    with Visitor(pair[0]) as someone:
        yield someone


def status_of(demo: Demo, *lines: str, body: str = "") -> int:
    """The status of a request, sent as it stands."""
    with closing(socket.create_connection(("127.0.0.1", demo.port), timeout=10)) as connection:
        connection.sendall("\r\n".join([*lines, "", body]).encode("latin-1"))
        return int(connection.recv(65_536).split(b" ", 2)[1])


@pytest.mark.parametrize("provider", ["x", "google"])
def test_of_many_uses_of_a_callback_at_once_in_two_processes_one_gets_in(
    pair: tuple[Demo, Demo], visitor: Visitor, provider: str
) -> None:
    """All others get ``flow_unknown``, and there is one session (OAU-01)."""
    parts = urlsplit(visitor.decide(visitor.authorize_url(provider), person="grace"))
    headers = PAGE | {"cookie": visitor.cookie_header()}

    def come_back(number: int) -> httpx2.Response:
        url = f"{pair[number % 2].url}{parts.path}?{parts.query}"
        return httpx2.get(url, headers=headers, timeout=20)

    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(come_back, range(MANY)))
    assert sorted(answer.status_code for answer in answers) == [303, *[400] * (MANY - 1)]
    assert sum(SESSION in str(answer.headers) for answer in answers) == 1


@pytest.mark.parametrize(("provider", "other"), [("x", "google"), ("google", "x")])
def test_the_answer_of_one_provider_is_none_at_the_callback_of_another(
    visitor: Visitor, provider: str, other: str
) -> None:
    """In the very browser that began, with all its cookies (OAU-04)."""
    callback = visitor.decide(visitor.authorize_url(provider), person="ada")
    answer = visitor.come_back(callback.replace(f"/callback/{provider}", f"/callback/{other}"))
    assert answer.status_code == 400
    assert SESSION not in visitor.cookies


def test_requests_as_no_browser_writes_them_are_refused_or_harmless(visitor: Visitor) -> None:
    """By hand: two cookies, two origins, a sandwich, an absolute target, HTTP/1.0, chunks."""
    visitor.sign_in()
    demo, mine = visitor.demo, f"Cookie: {visitor.cookie_header()}"
    host = [f"Host: 127.0.0.1:{demo.port}", "Connection: close"]
    post = ["POST /db HTTP/1.1", *host, mine, "Content-Type: application/json"]
    body = '{"text":"x"}'
    sized, chunks = f"Content-Length: {len(body)}", f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"
    assert status_of(demo, "GET /api/me HTTP/1.1", *host, mine) == 200
    assert status_of(demo, "GET /api/me HTTP/1.1", *host, mine, mine) == 401
    assert status_of(demo, "GET /api/me HTTP/1.1", *host, f'Cookie: a="; {mine[8:]}; b="') == 200
    assert status_of(demo, "GET /api/me HTTP/1.1", *host, f"{mine}; {SESSION}=") == 401
    assert status_of(demo, "GET /api/me HTTP/1.0", mine) == 200
    assert status_of(demo, "GET http://evil.example/auth/login/x HTTP/1.1", *host, mine) == 302
    assert status_of(demo, *post, "Origin: http://evil.example", sized, body=body) == 403
    assert status_of(demo, *post, "Origin: null", sized, body=body) == 403
    assert status_of(demo, *post, f"Origin: {demo.url}", "Origin: http://evil.example", sized, body=body) == 403
    assert status_of(demo, *post, "Origin: http://evil.example", "Transfer-Encoding: chunked", body=chunks) == 403
    assert status_of(demo, *post, f"Origin: {demo.url}", "Transfer-Encoding: chunked", body=chunks) == 201
    assert status_of(demo, "post /db HTTP/1.1", *host, mine, "Origin: http://evil.example", sized, body=body) >= 400
