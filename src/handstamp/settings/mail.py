"""The knobs of mails."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from handstamp.core.emails import parse_address
from handstamp.core.errors import ConfigurationError


class MailSettings(BaseSettings):
    """How mails leave, and what they look like."""

    mail_url: Annotated[
        SecretStr | None,
        Field(
            description="Where mails are handed in: smtp://user:password@host:587 (with STARTTLS, demanded off "
            "loopback) or smtps://user:password@host:465. Without it, on loopback mails are printed and shown at "
            "/auth/dev/mails; elsewhere none are sent, and ways in that need them do not start."
        ),
    ] = None
    mail_from: Annotated[
        str | None,
        Field(description="The address that mails come from. By default no-reply@ and the host of the origin."),
    ] = None
    mail_templates: Annotated[
        Path | None,
        Field(description="A folder whose templates (reset_password.txt, reset_password.html …) come before ours."),
    ] = None

    @field_validator("mail_from")
    @classmethod
    def _mail_from(cls, value: str | None) -> str | None:
        if not value:
            return None
        try:
            return parse_address(value)
        except ValueError:
            raise ConfigurationError("mail_from has to be an e-mail address, without a name") from None

    @field_validator("mail_templates")
    @classmethod
    def _mail_templates(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ConfigurationError(f"mail_templates names {value}, which is no folder")
        return value
