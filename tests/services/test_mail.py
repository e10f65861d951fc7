"""Mails to users, as an application has them sent: through a real server, and in development to a list."""

import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from handstamp.core.errors import ConfigurationError
from handstamp.services.transport import (
    DevelopmentTransport,
    Outcome,
    SmtpServer,
    SmtpTransport,
    Transport,
)
from parts.ports import free_port

pytestmark = pytest.mark.network

PASSWORD = "p@ss/word"


class Sink:
    """Keeps what comes, and answers what it is told."""

    def __init__(self) -> None:
        self.came: list[Envelope] = []
        self.answers: list[str] = []
        self.signed_in: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Take it, or answer otherwise."""
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.came.append(envelope)
        return answer

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Nobody of that name is here."""
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@asynccontextmanager
async def serving(sink: Sink, **how: Any) -> AsyncGenerator[int]:
    """An SMTP server on loopback."""
    controller = Controller(sink, hostname="127.0.0.1", port=free_port(), **how)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def message(to: str = "ada@example.org") -> EmailMessage:
    """A mail."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "no-reply@app.example.com", to, "Hello"
    made.set_content("text https://app.example.com/x\n")
    made.add_alternative("<p>html</p>", subtype="html")
    return made


async def delivered(transport: Transport, messages: Sequence[EmailMessage]) -> tuple[Outcome, ...]:
    """What became of each."""
    return tuple([outcome async for outcome in transport.deliver(messages)])


async def test_mails_are_handed_to_a_server() -> None:
    """All that are due in one conversation."""
    sink = Sink()
    async with serving(sink) as port:
        transport = SmtpTransport(SmtpServer.at(f"smtp://127.0.0.1:{port}"))
        outcomes = await delivered(transport, [message(), message("grace@example.org")])
    assert outcomes == (Outcome.SENT, Outcome.SENT)
    assert [envelope.rcpt_tos for envelope in sink.came] == [["ada@example.org"], ["grace@example.org"]]


async def test_what_a_server_refuses_is_refused_for_good_or_for_now() -> None:
    """By its reply: 5xx for good, 4xx for now; one that is refused keeps no other from being sent."""
    sink = Sink()
    sink.answers = ["451 later", "554 never"]
    async with serving(sink) as port:
        transport = SmtpTransport(SmtpServer.at(f"smtp://127.0.0.1:{port}"))
        outcomes = await delivered(transport, [message(), message(), message("nobody@example.org"), message()])
    assert outcomes == (Outcome.LATER, Outcome.NEVER, Outcome.NEVER, Outcome.SENT)
    assert len(sink.came) == 1


async def test_a_server_that_is_gone_takes_nothing_now() -> None:
    """It may be back."""
    transport = SmtpTransport(SmtpServer.at(f"smtp://127.0.0.1:{free_port()}"))
    assert await delivered(transport, [message(), message()]) == (Outcome.LATER, Outcome.LATER)


class Guard:
    """Lets in who has the password."""

    def __init__(self) -> None:
        self.came: list[LoginPassword] = []

    def __call__(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        """Look at it."""
        self.came.append(data)
        return AuthResult(success=data.password == PASSWORD.encode())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Issues the certificate of the server."""
    return trustme.CA()


@pytest.fixture
def contexts(authority: trustme.CA) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's TLS, and that of somebody who trusts it."""
    server, client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    return server, client


async def test_starttls_comes_before_the_password(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """And a server whose certificate is not trusted hears neither."""
    server, client = contexts
    sink, guard = Sink(), Guard()
    how = {"tls_context": server, "require_starttls": True, "authenticator": guard, "auth_required": True}
    async with serving(sink, **how) as port:
        at = SmtpServer.at(f"smtp://app:p%40ss%2Fword@127.0.0.1:{port}?starttls=required")
        assert await delivered(SmtpTransport(at, tls=client), [message()]) == (Outcome.SENT,)
        assert await delivered(SmtpTransport(at), [message()]) == (Outcome.LATER,)
    assert len(guard.came) == len(sink.came) == 1


async def test_a_server_without_starttls_gets_nothing_where_it_is_demanded() -> None:
    """Whoever stands between could have taken it away."""
    sink = Sink()
    async with serving(sink) as port:
        at = SmtpServer.at(f"smtp://app:secret@127.0.0.1:{port}?starttls=required")
        assert await delivered(SmtpTransport(at), [message()]) == (Outcome.LATER,)
    assert sink.came == []


@pytest.mark.parametrize(
    ("url", "port", "implicit", "starttls"),
    [
        ("smtp://mail.example.org", 587, False, True),
        ("smtp://mail.example.org:25", 25, False, True),
        ("smtps://mail.example.org", 465, True, False),
        ("smtp://127.0.0.1:1025", 1025, False, False),
        ("smtp://localhost:1025/?starttls=required", 1025, False, True),
    ],
)
def test_only_on_this_machine_mails_go_in_the_clear(url: str, port: int, *, implicit: bool, starttls: bool) -> None:
    """STARTTLS is demanded off loopback."""
    server = SmtpServer.at(url)
    assert (server.port, server.implicit_tls, server.starttls) == (port, implicit, starttls)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org:587",
        "http://mail.example.org",
        "smtp://",
        "smtp://h:port",
        "smtp://u:hush@h/path",
        "smtp://u:hush@h?starttls=never",
        "smtp://[::1",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    """It may hold a password."""
    with pytest.raises(ConfigurationError, match="mail_url") as refused:
        SmtpServer.at(url)
    assert "hush" not in str(refused.value)
    assert "hush" not in repr(SmtpServer.at("smtp://u:hush@h"))


async def test_in_development_mails_are_shown() -> None:
    """The newest first, with their links; fifty of them."""
    transport = DevelopmentTransport()
    for number in range(51):
        assert await delivered(transport, [message(f"a{number}@example.org")]) == (Outcome.SENT,)
    assert len(transport.shown) == 50
    newest = transport.shown[0]
    assert (newest.to, newest.subject, newest.links) == ("a50@example.org", "Hello", ["https://app.example.com/x"])
    assert (newest.text, newest.html) == ("text https://app.example.com/x\n", "<p>html</p>\n")
