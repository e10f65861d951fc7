"""What each page needs, as types: a route that forgets something does not pass the type checker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from handstamp.core.faults import Fault
from handstamp.core.models import EndReason, Principal, Session, User
from handstamp.core.text import N_
from handstamp.web.pages.links import is_link, is_picture
from handstamp.web.pages.texts import SIGNED_OUT, ReasonText


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """What ``Pages.render`` takes: one class for each page."""

    template: ClassVar[str]
    """``name.html`` of ours, or ``package:name.html`` out of the folder ``templates`` of a way in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a way in shows in a page that others have a part in too. Its template is included there, as ``part``."""

    template: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form as it was sent, to be shown again: what was typed, but for secrets, and what is wrong with it."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])
    faults: tuple[Fault, ...] = ()

    def value(self, name: str) -> str:
        """What was typed into a field."""
        return self.values.get(name, "")

    def fault(self, name: str) -> Fault | None:
        """The first thing that is wrong with a field."""
        return next((fault for fault in self.faults if fault.pointer == f"/{name}"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that a route chose.

    Raises:
        ValueError: ``href`` is neither a path of this site nor an http(s) address: escaping would not stop
            ``javascript:``.
    """

    label: str
    href: str

    def __post_init__(self) -> None:
        if not is_link(self.href):
            raise ValueError("a link leads to a path of this site or to an http(s) address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that people should read before they go on."""

    kind: Literal["error", "notice"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Login(PageContext):
    """The ways in. Those at other sites are links: ``form-action`` blocks a form whose answer leads there."""

    template = "login.html"
    parts: tuple[Part, ...] = ()
    """Ways in that show more than a link."""
    ways: tuple[Link, ...]
    """Labelled with the provider's name; ``href`` carries the choice to be remembered and the way back."""
    remember: bool
    """Whether the ways, as they are linked now, keep people signed in when the browser closes."""
    remember_toggle: str
    """The address of this same page with the other choice."""
    notice: Notice | None = None

    def __post_init__(self) -> None:
        if not is_link(self.remember_toggle):
            raise ValueError("the toggle leads to this page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(PageContext):
    """Who is signed in. Only a check that passed makes a Principal, so the page may say ``loggedIn: true``."""

    template = "account.html"
    principal: Principal

    @property
    def picture(self) -> str | None:
        """The picture's address, if it is one that a page may ask for."""
        picture = self.principal.user.picture
        return picture if picture is not None and is_picture(picture) else None

    @property
    def display_name(self) -> str:
        """What to call the user: the first of name, username and e-mail address that there is."""
        user = self.principal.user
        return user.name or user.username or user.email or N_("No name")

    @property
    def roles(self) -> tuple[str, ...]:
        """The user's roles in the order of the alphabet."""
        return tuple(sorted(self.principal.user.roles))


@dataclass(frozen=True, slots=True, kw_only=True)
class Email(PageContext):
    """The address of the user, and the forms to prove and to change it."""

    template = "email.html"
    user: User
    change: Filled = Filled()
    notice: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmEmail(PageContext):
    """Where the link in a mail leads: the button that makes the address the user's."""

    template = "confirm_email.html"
    email: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Security(PageContext):
    """By what the user can sign in."""

    template = "security.html"
    parts: tuple[Part, ...]
    fresh: bool
    """Whether the session is fresh enough to change any of it."""
    confirm: str
    """Where it can be made fresh."""

    def __post_init__(self) -> None:
        if not is_link(self.confirm):
            raise ValueError("the way to confirm leads to a page of ours")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reauthenticate(PageContext):
    """By what the user can show once more who they are. Each part is a whole form, a button or a link."""

    template = "reauthenticate.html"
    parts: tuple[Part, ...]
    second: bool
    """Whether a second factor is asked for."""
    return_to: str | None = None
    """Where the browser goes then."""
    filled: Filled = Filled()

    @property
    def aal(self) -> str | None:
        """What is asked for, as a form carries it."""
        return "2" if self.second else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions(PageContext):
    """Where the user is signed in."""

    template = "sessions.html"
    sessions: tuple[Session, ...]
    current: str
    """The id of the session that asks."""
    now: float
    """Seconds since the epoch, for "5 minutes ago"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that happened to an account."""

    id: str
    at: float
    event: str
    text: str | None
    """The event in words, or None where there are none: then its name is shown."""
    method: str | None
    """The id of the way in that it was about."""
    way: str | None
    """What people know that by."""
    reason: str | None
    address: str | None
    user_agent: str | None
    current: bool
    """Whether it happened in the session that asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity(PageContext):
    """What happened to the account, newest first."""

    template = "activity.html"
    happened: tuple[Happened, ...]
    now: float
    newer: str | None = None
    """The address of the page before, if there is one."""
    older: str | None = None
    """The address of the page after, if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut(PageContext):
    """The question before signing out: a link from elsewhere must not do it by itself."""

    template = "sign_out.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(PageContext):
    """That nobody is signed in any more, and why."""

    template = "signed_out.html"
    reason: EndReason

    @property
    def text(self) -> ReasonText:
        """The reason in words."""
        return SIGNED_OUT[self.reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(PageContext):
    """An error, told to people: what happened, what they can do, and how they get away from here."""

    template = "message.html"
    title: str
    what_happened: str
    what_to_do: str
    way_back: Link
    code: str
    """The stable code of the error, for whoever is asked about it."""
