"""E-mail addresses of strangers: one address, in one spelling, or none.

The parser is the package email-validator (RFC 5321, RFC 5322, IDNA by UTS 46). Refused is whatever could be read as
two addresses or as another one: quoted and internationalised local parts, comments, display names, IP literals, and
any text that normalisation would change, such as a full-width @.
"""

from typing import Final
from unicodedata import is_normalized

from handstamp.core.errors import ConfigurationError
from handstamp.core.text import N_

MAX_ADDRESS: Final = 254
"""Characters. RFC 5321 §4.5.3.1.3, without the angle brackets."""
NO_ADDRESS: Final = N_("This is no e-mail address that we can write to.")
"""What is said of all that are refused."""


def parse_address(text: str) -> str:
    """An address as it is kept: its domain in lower case, and as ASCII (``xn--…``), so that look-alikes look unlike.

    The local part stays as it is: whether its case matters is its host's affair. Nobody is asked whether the domain
    is there.

    Raises:
        ValueError: It is no address, or one that could be taken for another. The message is for people, and does not
            repeat it.
        ConfigurationError: email-validator is not installed.
    """
    try:
        from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415  an extra, used by few
    except ModuleNotFoundError as error:
        raise ConfigurationError("e-mail addresses need a package: pip install 'handstamp[mail]'") from error
    if len(text) > MAX_ADDRESS or not is_normalized("NFKC", text):
        raise ValueError(NO_ADDRESS)
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        raise ValueError(NO_ADDRESS) from None
    address = checked.ascii_email
    if address is None or len(address) > MAX_ADDRESS:
        raise ValueError(NO_ADDRESS)
    return address
