"""What a way in has to offer to stand on the pages of handstamp."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from starlette.requests import Request
from starlette.routing import Route

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import Credential, Identity, Principal, Proof
from handstamp.core.redirects import SafeRedirect

if TYPE_CHECKING:
    from handstamp.services.renewals import TokenRefresher
    from handstamp.web.host import Host
    from handstamp.web.pages.contexts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody who comes to sign in has asked for."""

    return_to: SafeRedirect | None = None
    remember: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a user has by which to sign in, and who asks."""

    principal: Principal
    credentials: tuple[Credential, ...]
    identities: tuple[Identity, ...]
    now: float
    """Seconds since the epoch."""
    fresh: bool
    """Whether the session is fresh enough to change any of it."""


class LoginMethod(Protocol):
    """A way in for people. ``Way`` is the base that leaves out what most have not."""

    @property
    def id(self) -> str:
        """A stable name, part of addresses: ``x``, ``google``."""
        ...

    @property
    def label(self) -> str:
        """What people know it by."""
        ...

    @property
    def path(self) -> str:
        """Where signing in this way begins, below the mount: ``/login/x``."""
        ...

    def routes(self, host: "Host") -> Sequence[Route]:
        """Its routes below the mount."""
        ...

    @property
    def needs_mail(self) -> bool:
        """Whether it cannot do without mails."""
        ...

    @property
    def changes_password(self) -> str | None:
        """The path below the mount of the page where a password is changed; None where there are none."""
        ...

    def login_part(self, asked: Asked) -> "Part | None":
        """What it shows on the login page; None for a link to ``path``."""
        ...

    def security_part(self, holdings: Holdings) -> "Part | None":
        """What it shows on the page about ways in, for somebody who is signed in; None for nothing."""
        ...

    def confirmation_part(self, holdings: Holdings) -> "Part | None":
        """What it shows where somebody who is signed in has to show it anew; None where it cannot, or they cannot."""
        ...

    @property
    def confirms(self) -> str | None:
        """The field of ``POST /auth/reauthenticate`` that it judges; None where it judges none."""
        ...

    def speaks_for(self, issuer: str) -> bool:
        """Whether identities of this issuer come by it."""
        ...

    def token_refresher(self) -> "TokenRefresher | None":
        """Who renews the tokens that it brings, where they are kept; None where none are."""
        ...

    async def close(self) -> None:
        """Let go of what it holds: connections to elsewhere. It may be used again."""
        ...

    @property
    def reaches(self) -> int:
        """The assurance level that ``confirm`` reaches for a session: 2 where it is a second factor."""
        ...

    @property
    def signs_in(self) -> bool:
        """Whether a sign-in can begin with it; if not, it has no place on the login page."""
        ...

    def second_factor_part(self, factors: Sequence[str]) -> "Part | None":
        """What it shows where a sign-in waits for a second factor; None where it is none.

        Args:
            factors: What the user may show, by kind: ``totp``, ``recovery_code``, ``passkey``.
        """
        ...

    async def confirm(self, request: Request, host: "Host", principal: Principal, value: str) -> Proof:
        """Judge the field ``confirms``, as somebody who is signed in sent it.

        Raises:
            InvalidInput: It is wrong.
            RateLimited: It was wrong too often.
            StoreUnavailable: Nobody knows.
        """
        ...


class Way:
    """Base of ways in: a link on the login page, and nothing else."""

    id: str
    label: str
    confirms: str | None = None
    reaches: int = 1
    signs_in: bool = True
    needs_mail: bool = False
    changes_password: str | None = None

    @property
    def path(self) -> str:
        """Where signing in begins, below the mount."""
        return f"/login/{self.id}"

    def routes(self, host: "Host") -> Sequence[Route]:
        """None."""
        del host
        return ()

    def login_part(self, asked: Asked) -> "Part | None":
        """A link will do."""
        del asked
        return None

    def security_part(self, holdings: Holdings) -> "Part | None":
        """Nothing to show."""
        del holdings
        return None

    def confirmation_part(self, holdings: Holdings) -> "Part | None":
        """Nothing to show."""
        del holdings
        return None

    def speaks_for(self, issuer: str) -> bool:
        """None does."""
        del issuer
        return False

    def token_refresher(self) -> "TokenRefresher | None":
        """None."""
        return None

    async def close(self) -> None:
        """Nothing is held."""

    def second_factor_part(self, factors: Sequence[str]) -> "Part | None":
        """It is none."""
        del factors
        return None

    async def confirm(self, request: Request, host: "Host", principal: Principal, value: str) -> Proof:
        """Never asked, for ``confirms`` is None.

        Raises:
            ConfigurationError: It is said to judge a field, and does not say how.
        """
        del request, host, principal, value
        raise ConfigurationError(f"{self.label} has no `confirm`, and `confirms` something")
