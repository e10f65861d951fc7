"""Starlette: ``install``, ``current_user``, ``optional_user``, ``require``, and ``loaded_user``."""

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from handstamp.auth import Auth
from handstamp.core.models import User
from handstamp.web.guards import Requirement, known_to, loaded_user_of, optional_principal_of, principal_of
from handstamp.web.install import install_into

__all__ = ["current_user", "install", "loaded_user", "optional_user", "require"]


def install(app: Starlette, auth: Auth) -> None:
    """Put sign-in into an application, before it starts.

    Raises:
        RuntimeError: The application has started already.
    """
    install_into(app, auth)


async def current_user(connection: HTTPConnection) -> User:
    """Who is calling, for a request or a WebSocket handshake; anybody else is refused with 401.

    Raises:
        GuardRefused: Answered by handstamp; let it pass.
    """
    principal = known_to(connection) or await principal_of(connection)
    return principal.user


async def optional_user(connection: HTTPConnection) -> User | None:
    """Who is calling, or None: for routes that show anonymous callers a part.

    Raises:
        GuardRefused: Nobody can say (503), or another site caused an unsafe request (403).
    """
    principal = await optional_principal_of(connection)
    return None if principal is None else principal.user


async def loaded_user(connection: HTTPConnection) -> object:
    """The application's own object for whoever is calling: what ``Auth(load_user=…)`` gave for the user.

    Raises:
        GuardRefused: Answered by handstamp; let it pass.
    """
    return await loaded_user_of(connection)


def require(
    *, role: str | None = None, fresh: str | float | None = None, aal: int | None = None, strict: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Coroutine[Any, Any, Any]]]:
    """A decorator for endpoints: functions and methods, of requests and of WebSockets.

    Args:
        role: The store must give the user this role, else 403 ``forbidden``.
        fresh: The sign-in must be younger than this, ``"15m"`` or seconds, else 401 ``fresh_session_required``.
        aal: 2 asks for a session with two factors, else 401 ``second_factor_required``.
        strict: Ask the store at each request, even where the answer is in memory and as good.

    Raises:
        ConfigurationError: ``fresh`` is no duration, or ``aal`` neither 1 nor 2.
    """
    requirement = Requirement.of(role=role, fresh=fresh, aal=aal, strict=strict)

    def guard(endpoint: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
        is_coroutine_function = inspect.iscoroutinefunction(endpoint)

        @functools.wraps(endpoint)
        async def guarded(*args: Any, **keywords: Any) -> Any:
            connection = next(argument for argument in args if isinstance(argument, HTTPConnection))
            await principal_of(connection, requirement)
            if is_coroutine_function:
                return await endpoint(*args, **keywords)
            return await run_in_threadpool(endpoint, *args, **keywords)

        return guarded

    return guard
