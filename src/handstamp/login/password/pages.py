"""What people see of passwords."""

from dataclasses import dataclass, field
from typing import Literal

from handstamp.web.pages.contexts import Filled, PageContext, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPart(Part):
    """The form on the login page."""

    template = "handstamp.login.password:_login.html"
    filled: Filled = field(default_factory=Filled)
    remember: bool = False
    return_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationPart(Part):
    """The field where somebody who is signed in shows their password once more."""

    template = "handstamp.login.password:_confirmation.html"
    name: str
    """Of the user: password managers look for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityPart(Part):
    """What stands on the page about ways in."""

    template = "handstamp.login.password:_security.html"
    has_one: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPage(PageContext):
    """Signing up."""

    template = "handstamp.login.password:register.html"
    filled: Filled = field(default_factory=Filled)
    least: int
    """Characters of a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPage(PageContext):
    """What the link of a mail to somebody who signs up leads to."""

    template = "handstamp.login.password:confirm.html"
    filled: Filled = field(default_factory=Filled)
    token: str
    ask: bool
    """Whether the password is asked for: the link was asked for in another browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgotPage(PageContext):
    """Asking for a link by which another password can be chosen."""

    template = "handstamp.login.password:forgot.html"
    filled: Filled = field(default_factory=Filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPage(PageContext):
    """What the link leads to."""

    template = "handstamp.login.password:reset.html"
    filled: Filled = field(default_factory=Filled)
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage(PageContext):
    """Another password, for somebody who is signed in."""

    template = "handstamp.login.password:change.html"
    filled: Filled = field(default_factory=Filled)
    has_one: bool
    name: str
    """Of the user: password managers look for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellPage(PageContext):
    """That a mail is on its way, or that a password is another one."""

    template = "handstamp.login.password:tell.html"
    what: Literal["register", "forgot", "reset"]
