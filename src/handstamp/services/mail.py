"""Mails to users: written at once, kept sealed, sent in the background."""

import json
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate
from typing import Final

from handstamp.core.errors import InvalidToken
from handstamp.core.ids import new_id
from handstamp.core.mail import MailStore, QueuedMail
from handstamp.core.policy import DAY
from handstamp.core.sealing import Sealer
from handstamp.services.letters import Letter, Letters
from handstamp.services.outbox import Outbox

MAX_MAIL_BYTES: Final = 262_144
"""Of a sealed mail."""

_NOBODY: Final = "nobody@invalid"


class Mails:
    """Writes to people.

    Args:
        store: Where mails wait.
        letters: What they say.
        sealer: Seals them while they wait.
        outbox: Sends them; woken when there is one. None where mails are not set up: then nothing is written, and
            ways in that cannot do without do not start.
    """

    def __init__(self, *, store: MailStore, letters: Letters, sealer: Sealer, outbox: Outbox | None) -> None:
        self._store = store
        self._letters = letters
        self._sealer = sealer
        self._outbox = outbox

    async def send(
        self,
        name: str,
        to: str | None,
        *,
        language: str,
        now: float,
        lifetime: float = DAY,
        **values: object,
    ) -> None:
        """Have a letter sent soon. This waits for the store, and for no mail server.

        Args:
            name: Which letter, of ``letters.NAMES``.
            to: The address. None does all the same work, and sends nothing: so whoever asks about an address cannot
                measure whether it is known (PAS-04).
            language: In which it is written.
            now: Seconds since the epoch.
            lifetime: Seconds after which it is not worth sending: its link or code is over.
            values: What the letter says.

        Raises:
            StoreUnavailable: It will not be sent.
        """
        if self._outbox is None:
            return
        mail_id = new_id(now)
        letter = self._letters.write(name, to or _NOBODY, language=language, **values)
        sealed = self._sealer.seal(_packed(letter), context=mail_id.encode())
        expires_at = now + lifetime if to is not None else now
        await self._store.queue_mail(
            QueuedMail(id=mail_id, sealed=sealed, created_at=now, due_at=now, expires_at=expires_at)
        )
        self._outbox.wake()


class Envelopes:
    """Opens mails that waited, and addresses them.

    Args:
        sealer: The one that sealed them.
        sender: The address that they come from.
        sender_name: What people know it by.
    """

    def __init__(self, sealer: Sealer, *, sender: str, sender_name: str) -> None:
        self._sealer = sealer
        self._sender = sender
        self._from = formataddr((sender_name, sender))

    def open(self, mail: QueuedMail) -> EmailMessage | None:
        """The mail as it is sent; None where no secret opens it any more.

        Each try of one mail has the same Message-ID, so that a reader who gets it twice can tell.
        """
        try:
            letter = Letter(**json.loads(self._sealer.open(mail.sealed, context=mail.id.encode())))
        except InvalidToken:
            return None
        message = EmailMessage(policy=SMTP)
        message["From"] = self._from
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message["Date"] = formatdate(mail.created_at)
        message["Message-ID"] = f"<{mail.id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no out-of-office answer to it
        message["Content-Language"] = letter.language
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        return message


def _packed(letter: Letter) -> bytes:
    return json.dumps({name: getattr(letter, name) for name in Letter.__dataclass_fields__}).encode()
