"""What makes passwords a way in."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.routing import Route

from handstamp.core.errors import ConfigurationError, InvalidInput
from handstamp.core.faults import Fault
from handstamp.core.keys import Purpose
from handstamp.core.models import CredentialKind, Principal, Proof
from handstamp.core.text import N_
from handstamp.web.methods import Asked, Holdings, Way

if TYPE_CHECKING:
    from handstamp.login.password.machines import Machines
    from handstamp.login.password.tools import Tools
    from handstamp.web.host import Host
    from handstamp.web.pages.contexts import Part

AMR: Final = ("pwd",)
"""RFC 8176."""
_PACKAGES: Final = ("argon2", "bcrypt", "zxcvbn", "email_validator")


class Password(Way):
    """Passwords, as ``Auth(methods=[Password(), …])`` takes them.

    Raises:
        ConfigurationError: The extras are not installed.
    """

    id = "password"
    label = N_("Password")
    confirms = "password"
    needs_mail = True
    changes_password = "/password/change"  # noqa: S105  a path, not a password

    def __init__(self) -> None:
        missing = [package for package in _PACKAGES if find_spec(package) is None]
        if missing:
            raise ConfigurationError(f"{', '.join(missing)} missing: pip install 'handstamp[password,mail]'")
        self._machines: Machines | None = None

    @property
    def path(self) -> str:
        """The login page, which has its form."""
        return "/login"

    def routes(self, host: "Host") -> Sequence[Route]:
        """Signing up and in, and choosing another."""
        from handstamp.login.password.routes import PasswordRoutes  # noqa: PLC0415  needs the web side, loads late

        return PasswordRoutes(host, self).routes()

    def login_part(self, asked: Asked) -> "Part":
        """The form."""
        from handstamp.login.password.pages import LoginPart  # noqa: PLC0415  needs the pages, which load late

        return LoginPart(
            remember=asked.remember, return_to=asked.return_to.location if asked.return_to is not None else None
        )

    def security_part(self, holdings: Holdings) -> "Part":
        """Whether there is one, and the way to another."""
        from handstamp.login.password.pages import SecurityPart  # noqa: PLC0415  the same

        return SecurityPart(has_one=_has_one(holdings))

    def confirmation_part(self, holdings: Holdings) -> "Part | None":
        """A field for it, for those who have one."""
        from handstamp.login.password.pages import ConfirmationPart  # noqa: PLC0415  the same

        user = holdings.principal.user
        return ConfirmationPart(name=user.email or user.username or "") if _has_one(holdings) else None

    async def confirm(self, request: Request, host: "Host", principal: Principal, value: str) -> Proof:
        """Take the password of whoever is signed in. Tries are counted by their session alone.

        Raises:
            InvalidInput: It is wrong, or they have none.
            RateLimited: It was wrong too often.
            Busy: The line is full.
            StoreUnavailable: Nobody knows.
        """
        from handstamp.login.password.changing import WRONG, show_again  # noqa: PLC0415  needs services, loads late
        from handstamp.login.password.routes import visitor_of  # noqa: PLC0415  the same

        tools = await self.tools(host)
        kept = await tools.password_of(principal.user)
        if kept is None:
            raise InvalidInput([Fault(WRONG, N_("This is not your password."), "/password")])
        await show_again(tools, principal, kept, value, visitor_of(request, host), pointer="/password")
        return Proof(amr=AMR)

    async def import_hash(self, host: "Host", user_id: str, kept: str) -> None:
        """Give a user the password that a hash from elsewhere is of: ``await passwords.import_hash(auth, …)``.

        Raises:
            InvalidHash: It cannot be imported.
            NotFound: There is no such user.
            StoreUnavailable: It may be in place or not.
        """
        from handstamp.login.password.administering import put_hash  # noqa: PLC0415  loads late, like the rest

        await put_hash(await self.tools(host), user_id, kept, now=host.clock())

    async def set_password(self, host: "Host", user_id: str, password: str) -> None:
        """Give a user a password: ``await passwords.set_password(auth, …)``. All their sessions end.

        Raises:
            InvalidInput: Nobody may have this password.
            Busy: Too many are being hashed.
            NotFound: There is no such user.
            StoreUnavailable: It may be in place or not.
        """
        from handstamp.login.password.administering import put_password  # noqa: PLC0415  loads late, like the rest

        await put_password(await self.tools(host), user_id, password, now=host.clock())

    async def close(self) -> None:
        """Let go of the threads that hash and of the client that looks up; they are made anew when needed."""
        machines, self._machines = self._machines, None
        if machines is not None:
            await machines.close()

    async def tools(self, host: "Host") -> "Tools":
        """What the use cases are made of, over the open store of a host.

        Raises:
            StoreUnavailable: It cannot be reached.
        """
        from handstamp.login.password.machines import Machines  # noqa: PLC0415  the same
        from handstamp.login.password.tools import Tools  # noqa: PLC0415  the same
        from handstamp.services.links import Links  # noqa: PLC0415  loads late, like the rest

        services = host.services or await host.open()
        if self._machines is None:
            self._machines = Machines.of(host.policies, application=host.place.app_name)
        return Tools(
            people=services.people,
            sessions=services.sessions,
            throttle=services.throttle,
            challenges=services.challenges,
            mails=services.mail,
            audit=services.audit,
            links=Links(host.sealer(Purpose.LINK), host.place.url),
            hasher=self._machines.hasher,
            worker=self._machines.worker,
            rules=self._machines.rules,
            breach=self._machines.breach,
            forgot_page=host.place.url("/password/forgot"),
        )


def _has_one(holdings: Holdings) -> bool:
    return any(one.kind is CredentialKind.PASSWORD for one in holdings.credentials)
