"""FastAPI: ``install``, ``CurrentUser``, ``OptionalUser``, ``require``, and ``LoadedUser``.

The dependencies find the application's own ``Auth`` through the request, so routers can be written before there
is one.
"""

from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, params
from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from handstamp.auth import Auth
from handstamp.core.models import User
from handstamp.core.policy import CookiePolicy
from handstamp.web.guards import Requirement, known_to, loaded_user_of, optional_principal_of, principal_of
from handstamp.web.install import install_into

__all__ = ["CurrentUser", "LoadedUser", "OptionalUser", "install", "require"]

SCHEME_NAME: Final = "session"


class _Guard(SecurityBase):
    """A dependency that OpenAPI shows as a cookie. Takes an HTTPConnection: requests and WebSockets alike."""

    def __init__(self, requirement: Requirement | None = None) -> None:
        self.model = APIKey.model_validate(
            {
                "in": APIKeyIn.cookie,
                "name": CookiePolicy().session,
                "description": "The session cookie that signing in sets.",
            }
        )
        self.scheme_name = SCHEME_NAME
        self._requirement = requirement

    async def __call__(self, connection: HTTPConnection) -> User:
        if self._requirement is not None:
            return (await principal_of(connection, self._requirement)).user
        principal = known_to(connection) or await principal_of(connection)
        return principal.user


class _LoadedUser(_Guard):
    async def __call__(self, connection: HTTPConnection) -> Any:
        return await loaded_user_of(connection)


async def _optional_user(connection: HTTPConnection) -> User | None:
    principal = await optional_principal_of(connection)
    return None if principal is None else principal.user


CurrentUser = Annotated[User, Depends(_Guard())]
"""Who is calling; anybody else is refused with 401."""

OptionalUser = Annotated[User | None, Depends(_optional_user)]
"""Who is calling, or None: for routes that show anonymous callers a part. OpenAPI shows no lock for it."""

LoadedUser: Final[Any] = Depends(_LoadedUser())
"""The application's own object, by ``Auth(load_user=…)``: ``Annotated[Member, LoadedUser]``."""


def require(
    *, role: str | None = None, fresh: str | float | None = None, aal: int | None = None, strict: bool = False
) -> params.Depends:
    """A dependency: one of a route's or router's ``dependencies``, or in ``Annotated`` to get the user too.

    Args:
        role: The store must give the user this role, else 403 ``forbidden``.
        fresh: The sign-in must be younger than this, ``"15m"`` or seconds, else 401 ``fresh_session_required``.
        aal: 2 asks for a session with two factors, else 401 ``second_factor_required``.
        strict: Ask the store at each request, even where the answer is in memory and as good.

    Raises:
        ConfigurationError: ``fresh`` is no duration, or ``aal`` neither 1 nor 2.
    """
    return params.Depends(_Guard(Requirement.of(role=role, fresh=fresh, aal=aal, strict=strict)))


def install(app: FastAPI, auth: Auth) -> None:
    """Put sign-in into an application, before it starts.

    Raises:
        RuntimeError: The application has started already.
    """
    install_into(app, auth)
    original = app.openapi

    def openapi() -> dict[str, Any]:
        """The application's own schema, with the name that the cookie has here."""
        schema = original()
        scheme = schema.get("components", {}).get("securitySchemes", {}).get(SCHEME_NAME)
        if scheme is not None:
            scheme["name"] = auth.place.cookies.session
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema
