"""How mails leave: by SMTP (aiosmtplib), or in development into a list that can be looked at."""

import logging
import re
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from enum import Enum
from ssl import SSLContext
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote, urlsplit

from handstamp.core.errors import ConfigurationError
from handstamp.core.origins import is_loopback_host

if TYPE_CHECKING:
    from aiosmtplib import SMTP

_LOG: Final = logging.getLogger("handstamp.mail")

PERMANENT: Final = 500
"""Replies from here on are final (RFC 5321 §4.2.1)."""
_TIME_LIMIT: Final = 30.0
"""Seconds, for each step of a conversation with the server."""


class Outcome(Enum):
    """What became of a mail."""

    SENT = "sent"
    LATER = "later"
    """It may be taken another time."""
    NEVER = "never"
    """It is refused for good."""


class Transport(Protocol):
    """Takes mails away."""

    def deliver(self, messages: Sequence[EmailMessage]) -> AsyncGenerator[Outcome]:
        """Try to send each; what became of it, as soon as that is known, in their order.

        Whoever stops asking stops the sending. Raises nothing.
        """
        ...


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mails are handed in.

    Raises:
        ConfigurationError: Passwords or mails would travel in the clear, beyond this machine.
    """

    host: str
    port: int
    username: str | None
    password: str | None
    implicit_tls: bool
    starttls: bool

    def __repr__(self) -> str:
        return f"SmtpServer({self.host}:{self.port})"

    @classmethod
    def at(cls, url: str) -> "SmtpServer":
        """From ``smtp://user:password@host:587`` (STARTTLS, which is demanded off loopback) or ``smtps://…``.

        Raises:
            ConfigurationError: It is neither. The message does not repeat it, for it holds a password.
        """
        wrong = "mail_url has to be smtp://user:password@host:587 (with STARTTLS) or smtps://user:password@host:465"
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname
        except ValueError:
            raise ConfigurationError(wrong) from None
        if parts.scheme not in {"smtp", "smtps"} or not host or parts.path not in {"", "/"}:
            raise ConfigurationError(wrong)
        secure = parts.scheme == "smtps"
        if parts.query not in {"", "starttls=required"}:
            raise ConfigurationError("behind mail_url may stand ?starttls=required, and nothing else")
        return cls(
            host=host,
            port=port or (465 if secure else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            implicit_tls=secure,
            starttls=not secure and (bool(parts.query) or not is_loopback_host(host)),
        )


class SmtpTransport:
    """Hands mails to a server, all that are due in one conversation.

    Args:
        server: Which.
        tls: Trusts its certificate; None: as the system does.

    Raises:
        ConfigurationError: aiosmtplib is not installed.
    """

    def __init__(self, server: SmtpServer, *, tls: SSLContext | None = None) -> None:
        try:
            import aiosmtplib  # noqa: PLC0415  an extra
        except ModuleNotFoundError as error:
            raise ConfigurationError("mails need a package: pip install 'handstamp[mail]'") from error
        self._smtp = aiosmtplib
        self._server = server
        self._tls = tls

    async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncGenerator[Outcome]:
        """See ``Transport``."""
        told, server = 0, self._server
        client = self._smtp.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.implicit_tls,
            start_tls=server.starttls,
            tls_context=self._tls,
            timeout=_TIME_LIMIT,
        )
        try:
            async with client:
                for message in messages:
                    outcome = await self._hand_in(client, message)
                    told += 1
                    yield outcome
        except (self._smtp.SMTPException, OSError, TimeoutError) as error:
            _LOG.warning("the mail server %s:%d cannot be used: %s", server.host, server.port, type(error).__name__)
            for _ in messages[told:]:
                yield Outcome.LATER

    async def _hand_in(self, client: "SMTP", message: EmailMessage) -> Outcome:
        try:
            await client.send_message(message)
        except self._smtp.SMTPRecipientsRefused as error:
            code = max(refused.code for refused in error.recipients)
        except self._smtp.SMTPResponseException as error:
            if isinstance(error, self._smtp.SMTPServerDisconnected) or not client.is_connected:
                raise
            code = error.code
        else:
            return Outcome.SENT
        _LOG.warning("the mail server answered %d", code)
        return Outcome.NEVER if code >= PERMANENT else Outcome.LATER


@dataclass(frozen=True, slots=True)
class Shown:
    """A mail that stays on this machine."""

    to: str
    subject: str
    text: str
    html: str

    @property
    def links(self) -> list[str]:
        """The addresses in its text that lead further than to the front page."""
        return re.findall(r"https?://[^\s<>\"/]+/[^\s<>\"]+", self.text)


class DevelopmentTransport:
    """Sends nothing: prints each mail, and keeps the last 50 to be looked at. For loopback only."""

    def __init__(self) -> None:
        self._shown: deque[Shown] = deque(maxlen=50)

    async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncGenerator[Outcome]:
        """See ``Transport``."""
        for message in messages:
            text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
            assert text is not None
            assert html is not None
            shown = Shown(str(message["To"]), str(message["Subject"]), text.get_content(), html.get_content())
            self._shown.appendleft(shown)
            _LOG.info("a mail to %s: %s %s", shown.to, shown.subject, " ".join(shown.links))
            yield Outcome.SENT

    @property
    def shown(self) -> tuple[Shown, ...]:
        """The mails, the newest first."""
        return tuple(self._shown)
