"""Auth: settings, store and ways in, wired together. The only place that knows all of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp

from handstamp.backends import feed_of, sessions_at, store_at
from handstamp.core.errors import ConfigurationError, StoreUnavailable
from handstamp.core.keys import KeyRing, Purpose, derive
from handstamp.core.models import User
from handstamp.core.protocols import Clock, SessionBackend, Store
from handstamp.core.sealing import MAX_SEALED_BYTES, Sealer
from handstamp.core.tokens import SessionTokens
from handstamp.keeping import system_secrets
from handstamp.mailing import envelopes, letters, mail_transport
from handstamp.services.accounts import Accounts
from handstamp.services.audit import Audit
from handstamp.services.cache import CoherentCache
from handstamp.services.challenges import Challenges
from handstamp.services.check import Check
from handstamp.services.events import Events
from handstamp.services.identities import Identities
from handstamp.services.live import Live
from handstamp.services.mail import MAX_MAIL_BYTES, Mails
from handstamp.services.notices import Notices
from handstamp.services.outbox import Outbox
from handstamp.services.sessions import Sessions
from handstamp.services.throttle import Throttle
from handstamp.services.touches import Touches
from handstamp.services.transport import DevelopmentTransport, Shown
from handstamp.services.upkeep import Upkeep
from handstamp.services.vault import MAX_SEALED_BYTES as MAX_TOKENS_BYTES
from handstamp.services.vault import Vault
from handstamp.web.host import Place, Services
from handstamp.web.methods import LoginMethod

if TYPE_CHECKING:
    from handstamp.settings import Settings


class Auth:
    """Sign-in for one application.

    Args:
        database: A URL (``sqlite:///app.db``, ``postgresql://…``, ``mongodb://…``, ``memory://``) or a store. Comes
            before ``HANDSTAMP_DATABASE``.
        sessions: Where sessions are kept, if not there: a URL (``valkey://host:6379/0``) or a store. Comes before
            ``HANDSTAMP_SESSIONS``.
        methods: The ways in, in the order in which the login page shows them.
        load_user: Gives the application's own object for a user; called once a request, and only when asked for.
        clock: Seconds since the epoch.
        settings: Any field of ``handstamp.settings.Settings``; each comes before its variable.

    Raises:
        ConfigurationError: The set-up is unsafe or contradicts itself. The message says what to do.
    """

    def __init__(
        self,
        database: str | Store | None = None,
        *,
        sessions: str | SessionBackend | None = None,
        methods: Sequence[LoginMethod] = (),
        load_user: Callable[[User], object | Awaitable[object]] | None = None,
        clock: Clock = time.time,  # noqa: TID251  the one clock; everything else is told the time
        **settings: Any,
    ) -> None:
        from handstamp.settings import load_settings  # noqa: PLC0415  pydantic-settings takes 100 ms to import

        url = database if isinstance(database, str) else None
        sessions_url = sessions if isinstance(sessions, str) else None
        self.settings: Settings = load_settings(database=url, sessions=sessions_url, **settings)
        self.methods = tuple(methods)
        self.clock = clock
        self.load_user = load_user
        self.events = Events()
        if database is None or isinstance(database, str):
            url = self.settings.database.get_secret_value()
            self.store: Store = store_at(url)
        else:
            self.store = database
        if sessions is None or isinstance(sessions, str):
            named = self.settings.sessions
            sessions_url = url if named is None else named.get_secret_value()
            sessions = self.store if named is None else sessions_at(named.get_secret_value())
        self.session_store: SessionBackend = sessions
        self.place = Place(
            app_name=self.settings.app_name,
            mount=self.settings.mount,
            after_sign_in=self.settings.after_sign_in,
            cookies=self.settings.cookies,
            origins=self.settings.origins,
            languages=self.settings.languages,
            theme=self.settings.theme,
            proxies=self.settings.proxies,
        )
        secrets = system_secrets(self.settings, database=url, sessions=sessions_url)
        self._tokens = SessionTokens(KeyRing.from_secrets(secrets, Purpose.SESSION), self.settings.origin)
        self._sealers = {purpose: Sealer(secrets, purpose, max_bytes=_sealed_bytes(purpose)) for purpose in Purpose}
        Notices(lambda: self._opened.mail, self.store, language=self.settings.languages[0]).listen(self.events)
        self._mail_transport = mail_transport(self.settings, self.methods)
        self._throttle_secret = derive(secrets[0], "throttle", 32)
        self.policies = self.settings.policies
        self.services: Services | None = None
        self._outbox: Outbox | None = None
        self._failures = 0

    async def open(self) -> Services:
        """Open the store if it is not open yet; the use cases.

        On loopback the store is brought to the shape of this version first; elsewhere that is a step of its own,
        ``handstamp migrate``.

        Raises:
            ConfigurationError: The store is not fit for use; the message says what to do.
            StoreUnavailable: It cannot be reached.
        """
        if self.services is not None:
            return self.services
        failures = self._failures
        async with self._lock:
            if self.services is None:
                if self._failures != failures:  # of those who come together one waits for its time limit, not each
                    raise StoreUnavailable("the store could not be opened a moment ago")
                try:
                    await self._open_stores()
                except StoreUnavailable:
                    self._failures += 1
                    raise
                self.services = self._wire()
        return self.services

    async def close(self) -> None:
        """Write what is still in memory, and let go of the store. The next request opens it again."""
        async with self._lock:
            if self.services is not None:
                self.services = None
                for upkeep in self._upkeeps:
                    await upkeep.close()
                await self._live.close()
                await self.events.close()
                if self._outbox is not None:
                    await self._outbox.close()
                await self._touches.close()
                self._cache.close()
                await self._vault.close()
            for method in self.methods:
                await method.close()
            for store in self._stores:
                await store.close()

    @property
    def sessions(self) -> Sessions:
        """The sessions, usable without HTTP. The store is open: see ``open``."""
        return self._opened.sessions

    @property
    def users(self) -> Accounts:
        """The accounts, usable without HTTP. The store is open: see ``open``."""
        return self._opened.accounts

    @property
    def vault(self) -> Vault:
        """The tokens of providers: ``await auth.vault.token(user_id, "google")``. The store is open: see ``open``."""
        return self._opened.vault

    def sealer(self, purpose: Purpose) -> Sealer:
        """Seals values for one purpose."""
        return self._sealers[purpose]

    @property
    def development_mails(self) -> tuple[Shown, ...] | None:
        """The mails that were shown instead of sent, the newest first; None where they are sent."""
        transport = self._mail_transport
        return transport.shown if isinstance(transport, DevelopmentTransport) else None

    @property
    def application(self) -> ASGIApp:
        """Handstamp's own routes, to be mounted at ``place.mount``."""
        return self._application

    @cached_property
    def _application(self) -> ASGIApp:
        from handstamp.web.application import application  # noqa: PLC0415  the routes load when they are mounted

        return application(self)

    async def _open_stores(self) -> None:
        for store in self._stores:
            if self.settings.on_loopback:
                await store.migrate()
            await store.open()

    @property
    def _opened(self) -> Services:
        if self.services is None:
            raise ConfigurationError("the store is not open: `await auth.open()` first")
        return self.services

    @property
    def _stores(self) -> tuple[SessionBackend, ...]:
        """The store of users, and that of sessions where it is another."""
        return (self.store,) if self.session_store is self.store else (self.store, self.session_store)

    @cached_property
    def _lock(self) -> asyncio.Lock:
        return asyncio.Lock()

    def _wire(self) -> Services:
        policy, store = self.settings.session_policy, self.session_store
        audit = Audit(self.store, self.events)
        self._cache = CoherentCache(feed_of(self.store, store))
        self._touches = Touches(store, interval=policy.touch_interval)
        self._upkeeps = [Upkeep(one, self.clock) for one in self._stores]
        for upkeep in self._upkeeps:
            upkeep.begin()
        sessions = Sessions(policy=policy, tokens=self._tokens, store=store, cache=self._cache, audit=audit)
        check = Check(
            policy=policy,
            tokens=self._tokens,
            store=store,
            users=self.store,
            sessions=sessions,
            cache=self._cache,
            touches=self._touches,
            audit=audit,
        )
        self._outbox = self._post(audit)
        refreshers = (method.token_refresher() for method in self.methods)
        self._vault = Vault(
            store=self.store,
            sealer=self.sealer(Purpose.PROVIDER_TOKEN),
            refreshers=[refresher for refresher in refreshers if refresher is not None],
            policy=self.policies.vault,
            audit=audit,
            clock=self.clock,
        )
        self._live = Live(check, self._cache, self.clock)
        return Services(
            check=check,
            sessions=sessions,
            accounts=Accounts(store=self.store, sessions=sessions, cache=self._cache, audit=audit, vault=self._vault),
            identities=Identities(store=self.store, vault=self._vault, audit=audit),
            vault=self._vault,
            people=self.store,
            challenges=Challenges(store),
            throttle=Throttle(store, self.policies.throttle, secret=self._throttle_secret),
            audit=audit,
            mail=Mails(
                store=self.store,
                letters=letters(self.settings),
                sealer=self.sealer(Purpose.MAIL),
                outbox=self._outbox,
            ),
            live=self._live,
        )

    def _post(self, audit: Audit) -> Outbox | None:
        """Begin to send what waits to be sent, where mails are set up."""
        if self._mail_transport is None:
            return None
        unseal = envelopes(self.settings, self.sealer(Purpose.MAIL)).open
        outbox = Outbox(self.store, self._mail_transport, unseal, audit, self.clock)
        outbox.begin()
        return outbox


def _sealed_bytes(purpose: Purpose) -> int:
    """How long a sealed value may be: mails and tokens are longer than what fits into a cookie."""
    longer = {Purpose.MAIL: MAX_MAIL_BYTES, Purpose.PROVIDER_TOKEN: MAX_TOKENS_BYTES}
    return longer.get(purpose, MAX_SEALED_BYTES)
