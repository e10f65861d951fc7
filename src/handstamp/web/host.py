"""What the HTTP side needs of the application that it stands in: given to it by ``handstamp.auth``."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from handstamp.core.cookies import delete_flag_cookie, delete_session_cookie
from handstamp.core.keys import Purpose
from handstamp.core.models import User
from handstamp.core.people import CredentialStore, UserStore
from handstamp.core.policy import CookiePolicy, OriginPolicy, Policies, ProxyPolicy
from handstamp.core.protocols import Clock
from handstamp.core.sealing import Sealer
from handstamp.services.accounts import Accounts
from handstamp.services.audit import Audit
from handstamp.services.challenges import Challenges
from handstamp.services.check import Check
from handstamp.services.live import Live
from handstamp.services.mail import Mails
from handstamp.services.sessions import Sessions
from handstamp.services.throttle import Throttle
from handstamp.services.transport import Shown

if TYPE_CHECKING:
    from handstamp.web.methods import LoginMethod


class People(UserStore, CredentialStore, Protocol):
    """Users, and how they show who they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases, over an open store."""

    check: Check
    sessions: Sessions
    accounts: Accounts
    people: People
    challenges: Challenges
    throttle: Throttle
    audit: Audit
    mail: Mails
    live: Live


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the application lives and what it is called: plain values that routes and pages read."""

    app_name: str
    mount: str
    """The path under which our routes are mounted, ``/auth`` by default."""
    after_sign_in: str
    """The path where a browser goes that asked for nothing else."""
    cookies: CookiePolicy
    origins: OriginPolicy
    proxies: ProxyPolicy = field(default_factory=ProxyPolicy)
    session_cookie: bytes = field(init=False)
    """The name of the session cookie as it stands in a header, made once: every request looks for it."""
    session_opening: bytes = field(init=False)
    """The name and its ``=``."""
    signed_out_cookies: tuple[bytes, bytes] = field(init=False)
    """Take the session cookie and the flag from a browser: whoever floods us with bad tokens gets them each time."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "session_cookie", self.cookies.session.encode())
        object.__setattr__(self, "session_opening", self.session_cookie + b"=")
        gone = delete_session_cookie(self.cookies), delete_flag_cookie(self.cookies)
        object.__setattr__(self, "signed_out_cookies", gone)

    def path(self, tail: str) -> str:
        """A path of ours, from the root of the origin."""
        return f"{self.mount}{tail}"

    def url(self, tail: str) -> str:
        """An absolute address of ours. It is built from the configured origin, never from Host."""
        return f"{self.origins.origin}{self.mount}{tail}"


class Host(Protocol):
    """The application's own ``Auth``, as the HTTP side sees it."""

    @property
    def place(self) -> Place:
        """Names and addresses."""
        ...

    @property
    def clock(self) -> Clock:
        """Seconds since the epoch. Read once a request, and once more when a response has to be settled."""
        ...

    @property
    def policies(self) -> Policies:
        """What the ways in go by."""
        ...

    @property
    def methods(self) -> Sequence["LoginMethod"]:
        """The ways in, in the order in which people see them."""
        ...

    @property
    def development_mails(self) -> Sequence[Shown] | None:
        """The mails that were shown instead of sent, the newest first; None where they are sent."""
        ...

    def sealer(self, purpose: Purpose) -> Sealer:
        """Seals what browsers and databases keep for us: for this purpose, and no other."""
        ...

    @property
    def load_user(self) -> Callable[[User], object | Awaitable[object]] | None:
        """Gives the application's own object for a user, if it has such."""
        ...

    @property
    def services(self) -> Services | None:
        """The use cases, or None while the store is not open."""
        ...

    async def open(self) -> Services:
        """Open the store if it is not open yet.

        Raises:
            StoreUnavailable: It cannot be reached.
            ConfigurationError: It is not fit for use.
        """
        ...
