"""From settings to how mails leave, and what they look like."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from handstamp.core.errors import ConfigurationError
from handstamp.core.sealing import Sealer
from handstamp.services.letters import Letters
from handstamp.services.mail import Envelopes
from handstamp.services.transport import DevelopmentTransport, SmtpServer, SmtpTransport, Transport
from handstamp.web.languages import translations
from handstamp.web.methods import LoginMethod

if TYPE_CHECKING:
    from handstamp.settings import Settings


def mail_transport(settings: "Settings", methods: Sequence[LoginMethod]) -> Transport | None:
    """How mails leave; None where they are not set up, and no way in needs them.

    Raises:
        ConfigurationError: One does; or the server's address is none.
    """
    if settings.mail_url is not None:
        return SmtpTransport(SmtpServer.at(settings.mail_url.get_secret_value()))
    if settings.on_loopback:
        return DevelopmentTransport()
    needing = [method.label for method in methods if method.needs_mail]
    if needing:
        raise ConfigurationError(f"set HANDSTAMP_MAIL_URL: without mails there is no way in by {', '.join(needing)}")
    return None


def letters(settings: "Settings") -> Letters:
    """What mails say."""
    return Letters(
        app_name=settings.app_name,
        origin=settings.origin,
        folder=settings.mail_templates,
        translations=translations,
    )


def envelopes(settings: "Settings", sealer: Sealer) -> Envelopes:
    """Whom mails come from."""
    sender = settings.mail_from or f"no-reply@{urlsplit(settings.origin).hostname}"
    return Envelopes(sealer, sender=sender, sender_name=settings.app_name)
