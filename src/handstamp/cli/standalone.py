"""The application that ``handstamp serve`` runs: handstamp's own routes and nothing else."""

import asyncio
import logging
import socket
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from handstamp.auth import Auth
from handstamp.cli.place import Where, secret_in
from handstamp.cli.ways import configured_ways
from handstamp.core.errors import ConfigurationError
from handstamp.core.ids import new_secret
from handstamp.integrations.starlette import install
from handstamp.keeping import kept
from handstamp.settings import stated


def configured_auth(where: Where, *, origin: str | None, cookie_prefix: str | None, port: int) -> Auth:
    """Sign-in as options, environment and file have it. What is None was not given.

    Args:
        where: The stores. The secret of a data folder signs, so that sessions begun there go on.
        origin: Where browsers are. Given nowhere, it is this machine at ``port``.
        cookie_prefix: See the setting.
        port: Where the server listens.

    Raises:
        ConfigurationError: The set-up is unsafe or contradicts itself.
    """
    if origin is None and "origin" not in stated():
        origin = f"http://127.0.0.1:{port}"
    secret = None if where.data is None else [kept(secret_in(where.data), new_secret)]
    return Auth(
        where.database_url,
        sessions=where.sessions,
        methods=configured_ways(),
        origin=origin,
        cookie_prefix=cookie_prefix,
        secret=secret,
    )


def standalone(auth: Auth) -> Starlette:
    """An application that has handstamp's routes, and sends everybody who comes to ``/`` there."""

    async def front(_: Request) -> Response:
        return RedirectResponse(auth.place.path("/"), 307)

    app = Starlette(routes=[Route("/", front)])
    install(app, auth)
    return app


def run(auth: Auth, *, host: str, port: int, access_log: bool) -> None:
    """Serve until a signal comes.

    Forwarded headers are not believed and Server is not sent; the audit trail goes to stderr.

    Raises:
        ConfigurationError: The store is not fit for use, or nobody can listen at this address.
        StoreUnavailable: The store cannot be reached.
    """
    logging.basicConfig(format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("handstamp").setLevel(logging.INFO)
    config = uvicorn.Config(standalone(auth), proxy_headers=False, server_header=False, access_log=access_log)

    async def serve() -> None:
        # Before the server starts: what is not fit is an error in one line, not a traceback in the server's log.
        await auth.open()
        try:
            with _listening(host, port) as listener:
                await uvicorn.Server(config).serve(sockets=[listener])
        finally:
            await auth.close()

    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve())


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(f"give another --host or --port: {error.strerror}") from None
