"""Runs the demo: the application on one port, the stand-ins on the next, in one process."""

import asyncio
import contextlib
import shlex
import signal
import socket
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final, Literal

import uvicorn
from starlette.types import ASGIApp

from handstamp.auth import Auth
from handstamp.core.errors import ConfigurationError
from handstamp.core.urls import masked
from handstamp.demo.application import application
from handstamp.demo.place import ISSUER, DemoSystem, demo_system, prepare
from handstamp.demo.standins import Client, Clients, standins
from handstamp.login.email_code import EmailCode
from handstamp.login.oauth import Google, X
from handstamp.login.password import Password
from handstamp.login.totp import Totp
from handstamp.web.methods import LoginMethod

XProtocol = Literal["1.0a", "2.0"]

_HOST: Final = "127.0.0.1"


def demo_auth(
    system: DemoSystem,
    *,
    standins_at: str,
    cookie_prefix: str | None = None,
    x_protocol: XProtocol = "1.0a",
    more_ways: Sequence[LoginMethod] = (),
) -> Auth:
    """Sign-in with the stand-ins of a process, and with whatever else is given."""
    clients = demo_clients(system)
    client = clients.x_oauth1 if x_protocol == "1.0a" else clients.x_oauth2
    x = f"{standins_at}/x"
    return Auth(
        system.database,
        sessions=system.sessions,
        methods=[
            Password(),
            EmailCode(sign_up=True),
            X(x_protocol, client.id, client.secret, site=x, api=x),
            Google(
                clients.google.id,
                clients.google.secret,
                issuer=ISSUER,
                metadata_url=f"{standins_at}/google/.well-known/openid-configuration",
            ),
            *more_ways,
            Totp(),
        ],
        app_name="The Back Room",
        origin=system.origin,
        secret=system.secrets,
        cookie_prefix=cookie_prefix,
        after_sign_in="/auth/account",
    )


def demo_clients(system: DemoSystem) -> Clients:
    """How the application is registered at the stand-ins: derived, so that every process knows it."""
    secret = system.standin_key
    x, google = f"{system.origin}/auth/callback/x", f"{system.origin}/auth/callback/google"
    return Clients(
        x_oauth1=Client(id="demo-x-1", secret=secret, redirect_uris=(x,)),
        x_oauth2=Client(id="demo-x-2", secret=secret, redirect_uris=(x,)),
        google=Client(id="demo-google", secret=secret, redirect_uris=(google,)),
    )


async def run(
    *,
    port: int,
    data: Path,
    origin: str | None = None,
    database: str | None = None,
    sessions: str | None = None,
    cookie_prefix: str | None = None,
    x_protocol: XProtocol = "1.0a",
    more_ways: Sequence[LoginMethod] = (),
) -> None:
    """Serve until interrupted.

    Each process has stand-ins of its own, on the next port. They keep nothing, so a sign-in may begin at those of one
    process and be finished at those of another that belongs to the same system.

    Raises:
        ConfigurationError: A port is taken, the folder cannot be used, or a store is not fit for use.
        StoreUnavailable: A store cannot be reached.
    """
    standins_at = f"http://localhost:{port + 1}"
    place = prepare(data)
    system = demo_system(place, origin=origin or f"http://{_HOST}:{port}", database=database, sessions=sessions)
    auth = demo_auth(
        system,
        standins_at=standins_at,
        cookie_prefix=cookie_prefix,
        x_protocol=x_protocol,
        more_ways=more_ways,
    )
    providers = standins(
        base=standins_at,
        issuer=ISSUER,
        key=system.standin_key.encode(),
        signing_key_pem=place.signing_key_pem,
        clients=demo_clients(system),
        clock=time.time,  # noqa: TID251  the stand-ins are servers of their own
    )
    with _bound(port) as own, _bound(port + 1) as others:
        try:
            for store in (auth.store, auth.session_store):
                await store.migrate()
            await auth.open()  # before the servers start: what is not fit is one line, not a traceback in their log
            await _serve_both((application(auth, place.records), own), (providers, others))
        finally:
            await auth.close()


def what_to_try(
    *, port: int, data: Path, origin: str | None, database: str | None, sessions: str | None, command: str
) -> str:
    """What the terminal shows when the demo starts; ``command`` is how handstamp was called. No password is shown."""
    address = origin or f"http://{_HOST}:{port}"
    where = f"--data {data}" if database is None else f"--database {shlex.quote(masked(database))}"
    if sessions is not None:
        where += f" --sessions {shlex.quote(masked(sessions))}"
    return f"""\
handstamp demo at {address}

  1. Open it, press "Sign in with X", and be Ada, Grace or Linus:
     the provider is a stand-in at http://localhost:{port + 1}, nothing leaves this machine.
  2. See your account, post something, look at your sessions; sign in with another browser too.
  3. Give Ada a role while this runs; it counts at her next request:
     {command} users roles ada --add analyst {where}
  4. Copy the cookie __Host-Http-session before you sign out (developer tools), and use it afterwards:
     curl -i {address}/api/me -H 'Cookie: __Host-Http-session=…'
     It answers 401, code session_ended, reason signed_out: the signature is still good, the session is not.
  5. Register with a password, or let a code be mailed to you: mails are not sent, they are printed here and shown at
     {address}/auth/dev/mails. Then set up an authenticator app under "How you sign in".

{_kept_in(data, database, sessions)} Ctrl-C ends it.
"""


def _kept_in(data: Path, database: str | None, sessions: str | None) -> str:
    """What is where, in sentences."""
    if database is None and sessions is None:
        return f"Everything is in {data}."
    users = "the folder too" if database is None else masked(database)
    places = users if sessions is None else f"{users}, sessions in {masked(sessions)}"
    return f"What people post is in {data}, users are in {places}."


async def _serve_both(*served: tuple[ASGIApp, socket.socket]) -> None:
    """Serve until SIGINT or SIGTERM; a second one does not wait for open connections."""
    servers = [_Server(_config(app)) for app, _ in served]

    def stop() -> None:
        for server in servers:
            server.force_exit = server.should_exit
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop)
    listeners = [listener for _, listener in served]
    await asyncio.gather(
        *(server.serve(sockets=[listener]) for server, listener in zip(servers, listeners, strict=True))
    )


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs several of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave them alone."""
        yield


def _config(app: ASGIApp) -> uvicorn.Config:
    # Forwarded headers are not for uvicorn to believe: it would rewrite the client's address before we see it.
    return uvicorn.Config(app, proxy_headers=False, server_header=False, log_level="warning")


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigurationError(f"port {port} cannot be used ({error}): choose another with --port") from None
    return listener
