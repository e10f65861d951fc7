"""What the pages of codes by mail need."""

from dataclasses import dataclass, field

from handstamp.web.pages.contexts import Filled, PageContext, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPart(Part):
    """The way from the login page to the page that asks for an address."""

    template = "handstamp.login.email_code:_login.html"
    query: str
    """What is to be kept on the way, as a query without its ``?``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationPart(Part):
    """The field for a code, and the button that sends one, for somebody who is signed in."""

    template = "handstamp.login.email_code:_confirm.html"
    address: str
    """Their own, verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAddress(PageContext):
    """Where is the code to be sent?"""

    template = "handstamp.login.email_code:address.html"
    sign_up: bool
    """Whether an address that nobody has makes an account."""
    remember: bool = False
    return_to: str | None = None
    filled: Filled = field(default_factory=Filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCode(PageContext):
    """What was the code?"""

    template = "handstamp.login.email_code:code.html"
    address: str
    sign_up: bool
    remember: bool
    return_to: str | None
    filled: Filled = field(default_factory=Filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing(PageContext):
    """Where the link of a mail leads: to a button in the browser that asked, and to advice in any other."""

    template = "handstamp.login.email_code:link.html"
    address: str | None
    """Who is about to sign in; None in another browser than the one that asked."""
    token: str
