"""What the pages of linking need, and the parts of providers on other pages."""

from dataclasses import dataclass

from handstamp.core.models import Identity
from handstamp.web.pages.contexts import PageContext, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue(PageContext):
    """On to the provider, by a link."""

    template = "handstamp.login.oauth:continue.html"
    label: str
    """What people know the provider by."""
    href: str
    """At the provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInToLink(PageContext):
    """Somebody came with an address that has an account here."""

    template = "handstamp.login.oauth:sign_in_to_link.html"
    label: str
    href: str
    """Where to sign in the way they did before; it leads on to ``LinkWaiting``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWaiting(PageContext):
    """The login that waits, and whether to link it."""

    template = "handstamp.login.oauth:link_waiting.html"
    label: str
    person: str
    """Who is signed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLine:
    """One login at a provider."""

    id: str
    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitiesPart(Part):
    """The logins of the user at one provider, on the page about ways in."""

    template = "handstamp.login.oauth:_identities.html"
    provider: str
    label: str
    lines: tuple[IdentityLine, ...]
    now: float
    fresh: bool
    """Whether the session is fresh enough to change any of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationPart(Part):
    """The way to show anew who one is, at the provider."""

    template = "handstamp.login.oauth:_confirmation.html"
    provider: str
    label: str
