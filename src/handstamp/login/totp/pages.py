"""What people see of one-time codes."""

from dataclasses import dataclass

from handstamp.login.totp.picture import Picture
from handstamp.web.pages.contexts import Filled, PageContext, Part
from handstamp.web.pages.links import is_link


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorPage(PageContext):
    """A sign-in waits for its second factor."""

    template = "handstamp.login.totp:second_factor.html"
    recovery: bool
    """Whether a recovery code is asked for, instead of a code of the app."""
    has_codes: bool
    """Whether there is a recovery code left to be asked for."""
    filled: Filled
    parts: tuple[Part, ...] = ()
    """Of other ways in that will do as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginPage(PageContext):
    """What an authenticator app is, before one is set up."""

    template = "handstamp.login.totp:begin.html"
    replaces: bool
    """Whether the user has one already, which counts no more then."""
    filled: Filled
    return_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolPage(PageContext):
    """The picture to scan and the field for the first code."""

    template = "handstamp.login.totp:enrol.html"
    enrolment: str
    picture: Picture
    secret: str
    """In groups, to be typed."""
    uri: str
    """Opens the app, where it is on this device."""
    filled: Filled
    return_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesPage(PageContext):
    """New recovery codes, shown once."""

    template = "handstamp.login.totp:codes.html"
    codes: tuple[str, ...]
    first: bool
    """Whether an app was set up just now."""
    return_to: str

    def __post_init__(self) -> None:
        if not is_link(self.return_to):
            raise ValueError("the way on leads to a path of this site")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityPart(Part):
    """What stands on the page about ways in."""

    template = "handstamp.login.totp:_security.html"
    since: float | None
    """Since when an app counts, in seconds since the epoch; None without one."""
    codes_left: int
    changeable: bool
    """Whether the session is fresh and has shown two factors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationPart(Part):
    """The form for a code, where somebody who is signed in shows once more who they are."""

    template = "handstamp.login.totp:_confirm.html"
