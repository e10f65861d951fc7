"""Sessions: start, end, list. What happens to them at each request is in ``check``."""

from dataclasses import dataclass, field
from typing import Final

from handstamp.core.errors import InvalidToken, LoginFailed
from handstamp.core.ids import new_session_id
from handstamp.core.models import EndReason, Generations, Session, User
from handstamp.core.policy import SessionPolicy
from handstamp.core.protocols import SessionStore
from handstamp.core.text import can_be_kept, readable
from handstamp.core.tokens import SessionClaims, SessionTokens
from handstamp.services.audit import Audit
from handstamp.services.cache import CoherentCache

_MAX_AGENT: Final = 400
_MAX_ADDRESS: Final = 100


@dataclass(frozen=True, slots=True)
class Issued:
    """A token to be sent, and the session that it names."""

    token: str = field(repr=False)
    session: Session


class Sessions:
    """The life of sessions. Every ``now`` is seconds since the epoch."""

    def __init__(
        self, *, policy: SessionPolicy, tokens: SessionTokens, store: SessionStore, cache: CoherentCache, audit: Audit
    ) -> None:
        self._policy = policy
        self._tokens = tokens
        self._store = store
        self._cache = cache
        self._audit = audit

    async def start(
        self,
        user: User,
        *,
        amr: tuple[str, ...],
        now: float,
        aal: int = 1,
        persistent: bool = False,
        presented: bytes | None = None,
        user_agent: str | None = None,
        address: str | None = None,
    ) -> Issued:
        """Make a session, always a new one. The only function that does.

        Args:
            user: Who signed in.
            amr: Authentication methods, RFC 8176.
            now: Seconds since the epoch.
            aal: Authenticator assurance level, NIST SP 800-63B.
            persistent: Whether the cookie outlives the browser.
            presented: The token that came with the request: its session is ended, reason ``replaced``.
            user_agent: Kept with the session, cut at 400 characters, without those that nobody sees.
            address: Kept with the session, likewise, cut at 100: behind a proxy it may be what a stranger wrote.

        Raises:
            LoginFailed: The user is disabled.
            StoreUnavailable: Nothing was made.
        """
        if user.disabled_at is not None:
            await self._audit.record(
                "sign_in_refused", now=now, user_id=user.id, address=address, reason="user_disabled"
            )
            raise LoginFailed("user_disabled", "this account is disabled")
        session = Session(
            id=new_session_id(),
            user_id=user.id,
            created_at=now,
            expires_at=float(int(now + self._policy.absolute_timeout)),
            last_used_at=now,
            idle_timeout=self._policy.idle_timeout,
            persistent=persistent,
            generations=Generations(issued_at=now, confirmed_at=now),
            amr=amr,
            aal=aal,
            authenticated_at=now,
            user_agent=readable(user_agent and user_agent[:_MAX_AGENT]),
            address=readable(address and address[:_MAX_ADDRESS]),
        )
        replaces = self._named_by(presented)
        replaced = await self._store.start_session(session, replaces=replaces, now=now)
        if replaced is not None:
            self._cache.forget_session(replaced.id)
            await self._record_ends((replaced.id,), replaced.user_id, EndReason.REPLACED, now=now, address=address)
        await self._audit.record(
            "session_started",
            now=now,
            user_id=user.id,
            session_id=session.id,
            address=address,
            amr=" ".join(amr),
            user_agent=session.user_agent,
        )
        return self.issued(session)

    async def end(
        self,
        session_id: str,
        *,
        reason: EndReason,
        now: float,
        user_id: str | None = None,
        address: str | None = None,
    ) -> bool:
        """End a session; whether this call ended it. It is refused from the next request on, in every process.

        Args:
            session_id: Which.
            reason: What the user and the API are told.
            now: Seconds since the epoch.
            user_id: The session of any other user counts as missing.
            address: Who asked, for the audit trail.

        Raises:
            StoreUnavailable: It is not known to be ended.
        """
        if not can_be_kept(session_id):
            return False
        ended = await self._store.end_session(session_id, reason=reason, now=now, user_id=user_id)
        self._cache.forget_session(session_id)
        if ended is None:
            return False
        await self._record_ends((session_id,), ended.user_id, reason, now=now, address=address)
        return True

    async def sign_out(self, token: bytes, *, now: float, address: str | None = None) -> str | None:
        """End the session that an authentic token names, whatever its generation.

        It is the id of its user, or None where this call did not end it.

        Raises:
            InvalidToken: The token is not one of ours, so there is nothing to end.
            StoreUnavailable: It is not known to be ended.
        """
        claims = self._tokens.decode_to_end(token)
        ended = await self.end(claims.session_id, reason=EndReason.SIGNED_OUT, now=now, address=address)
        return claims.user_id if ended else None

    async def end_all(
        self,
        user_id: str,
        *,
        reason: EndReason,
        now: float,
        keep: str | None = None,
        address: str | None = None,
    ) -> tuple[str, ...]:
        """End every session of a user but ``keep``; the ids of those that this call ended.

        Raises:
            StoreUnavailable: They are not known to be ended.
        """
        ended = await self._store.end_sessions(user_id, reason=reason, now=now, keep=keep)
        for session_id in ended:
            self._cache.forget_session(session_id)
        if ended:
            await self._record_ends(ended, user_id, reason, now=now, address=address)
        return ended

    async def list(self, user_id: str, *, now: float) -> tuple[Session, ...]:
        """The live sessions of a user, last used first."""
        return await self._store.list_sessions(user_id, now=now)

    def issued(self, session: Session) -> Issued:
        """The token of the generation last issued: a function of the row, so that every process makes the same."""
        token = self._tokens.encode(
            SessionClaims(
                user_id=session.user_id,
                session_id=session.id,
                generation=session.generations.issued,
                issued_at=int(session.generations.issued_at),
                expires_at=int(session.expires_at),
            )
        )
        return Issued(token, session)

    def _named_by(self, presented: bytes | None) -> str | None:
        if presented is None:
            return None
        try:
            return self._tokens.decode_to_end(presented).session_id
        except InvalidToken:
            return None

    async def _record_ends(
        self, session_ids: tuple[str, ...], user_id: str, reason: EndReason, *, now: float, address: str | None
    ) -> None:
        await self._audit.record_of_each(
            "session_ended", session_ids, now=now, user_id=user_id, address=address, reason=reason.value
        )
