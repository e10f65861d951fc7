"""The check: who is asking, at each request.

``authenticate`` verifies the signature and then asks for the session and its user as the store has them now.
``find`` answers the same question from memory where that is as good as asking. ``settle`` decides what the
response carries, when the response starts.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from handstamp.core.errors import InvalidToken, SessionEnded, TokenExpired
from handstamp.core.models import EndReason, Session, User
from handstamp.core.policy import SessionPolicy
from handstamp.core.protocols import SessionStore, UserStore
from handstamp.core.rotation import TABLE, Send, Standing, Verdict, Write, judge, late_until, written
from handstamp.core.tokens import SessionClaims, SessionTokens
from handstamp.services.audit import Audit
from handstamp.services.cache import Admission, CoherentCache
from handstamp.services.loading import SharedLoads
from handstamp.services.sessions import Issued, Sessions
from handstamp.services.sharing import Sharing
from handstamp.services.touches import Touches

REPLACED_KEEPS_COOKIE: Final = 60.0
"""Seconds after a session was replaced in which its cookie is not deleted: the browser has the next one."""

_SWAP_TRIES: Final = 5


class Check:
    """The same answer in every process. Every ``now`` is seconds since the epoch."""

    def __init__(
        self,
        *,
        policy: SessionPolicy,
        tokens: SessionTokens,
        store: SessionStore,
        users: UserStore,
        sessions: Sessions,
        cache: CoherentCache,
        touches: Touches,
        audit: Audit,
    ) -> None:
        self._policy = policy
        self._tokens = tokens
        self._store = store
        # Requests that come together with one session that is not in memory make one query, and then one more.
        self._load_session: Final = SharedLoads(store.load_session)
        self._load_user: Final = SharedLoads(users.load_user)
        self._sessions = sessions
        self._cache = cache
        self._touches = touches
        self._audit = audit
        self._sharing = Sharing()
        self.find: Final[Callable[[bytes, float], Admission | None]] = cache.get
        """The answer for ``(token, now)`` from memory, or None: then ``authenticate`` has to ask the store."""

    async def authenticate(self, token: bytes, *, now: float, address: str | None = None) -> Admission:
        """Let a request in, or say why not.

        Args:
            token: As it came in the cookie.
            now: Seconds since the epoch.
            address: Where the request came from, for the audit trail.

        Raises:
            InvalidToken: The token is not one of ours.
            SessionEnded: It is, and its session is over; ``reason`` says why.
            StoreUnavailable: The store cannot be asked.
        """
        try:
            claims = self._tokens.decode(token, now=now)
        except TokenExpired:
            raise SessionEnded(EndReason.EXPIRED) from None
        mark = self._cache.mark(now)
        session, user = await self._load(claims, now)
        standing = self._standing(session, claims, now)
        if TABLE[standing].verdict is Verdict.STORE_WENT_BACK:
            # Another process may have written between our read and the token's arrival: look once more.
            session, user = await self._load(claims, now)
            standing = self._standing(session, claims, now)
        await self._refuse_or_pass(session, claims, standing, now=now, address=address)
        session = self._touches.used(session, now)
        principal = self._sharing.principal(user, session)
        settled = TABLE[standing].write is Write.NOTHING and not self._sends(standing)
        good_until = self._good_until(session, claims, standing, now)
        admission = Admission(principal, claims.generation, settled, good_until)
        if settled:
            self._cache.install(token, admission, mark=mark, now=now)
        return admission

    async def settle(self, admission: Admission, *, now: float) -> Issued | None:
        """What the response to an admitted request carries, decided now, when the response starts.

        Confirms and advances the generations as the rotation table says. Whoever loses the swap reads again and
        sends the successor that the winner made.

        Raises:
            StoreUnavailable: Nothing could be read or written. The request was let in; send nothing.
        """
        for _ in range(_SWAP_TRIES):
            session = await self._store.load_session(admission.principal.session.id)
            if session is None or self._touches.counted(session).ended_because(now):
                return None
            standing = judge(session.generations, admission.generation, now, self._policy.rotation)
            rule = TABLE[standing]
            if rule.write is not Write.NOTHING:
                becomes = written(session.generations, rule.write, now, self._policy.rotation)
                if not await self._store.swap_generations(
                    session.id, seen=session.generations, becomes=becomes, now=now
                ):
                    continue
                self._cache.forget_session(session.id)
                session = replace(session, generations=becomes)
            return self._sessions.issued(session) if self._sends(standing) else None
        return None

    async def live(self, session_id: str, *, now: float) -> Session:
        """The session as the store has it now, if it and its user may go on.

        Raises:
            SessionEnded: They may not; ``reason`` says why.
            StoreUnavailable: The store cannot be asked.
        """
        session, _ = await self._live(await self._load_session(session_id), now)
        return session

    async def _load(self, claims: SessionClaims, now: float) -> tuple[Session, User]:
        session = await self._load_session(claims.session_id)
        if session is not None and session.user_id != claims.user_id:
            raise InvalidToken("the session belongs to another user than the token says")
        return await self._live(session, now)

    async def _live(self, session: Session | None, now: float) -> tuple[Session, User]:
        if session is None:
            raise SessionEnded(EndReason.UNKNOWN)
        session = self._touches.counted(session)
        reason = session.ended_because(now)
        if reason is not None:
            fresh = session.ended_at is not None and now - session.ended_at < REPLACED_KEEPS_COOKIE
            raise SessionEnded(reason, keep_cookie=reason is EndReason.REPLACED and fresh)
        user = await self._load_user(session.user_id)
        if user is None:
            raise SessionEnded(EndReason.USER_DELETED)
        if user.disabled_at is not None:
            raise SessionEnded(EndReason.USER_DISABLED)
        return session, user

    async def _refuse_or_pass(
        self, session: Session, claims: SessionClaims, standing: Standing, *, now: float, address: str | None
    ) -> None:
        verdict = TABLE[standing].verdict
        if verdict is Verdict.ACCEPT:
            return
        replayed = verdict is Verdict.REPLAY
        reason = EndReason.REPLAYED if replayed else EndReason.STORE_WENT_BACK
        report_only = replayed and self._policy.on_replay == "report"
        # Of many requests with the same replayed token one ends the session, and that one tells why.
        if report_only or await self._sessions.end(session.id, reason=reason, now=now, address=address):
            await self._audit.record(
                "session_replayed" if replayed else "session_store_went_back",
                now=now,
                user_id=session.user_id,
                session_id=session.id,
                address=address,
                **_cause(session, claims, now, self._policy),
            )
        if not report_only:
            raise SessionEnded(reason)

    def _standing(self, session: Session, claims: SessionClaims, now: float) -> Standing:
        generations = session.generations
        if claims.generation == generations.issued and claims.issued_at != int(generations.issued_at):
            # A token is a function of the row. This one was made by a row that has been restored from a backup
            # since, and has come to the same generation again.
            return Standing.AHEAD
        return judge(generations, claims.generation, now, self._policy.rotation)

    def _sends(self, standing: Standing) -> bool:
        send = TABLE[standing].send
        return send is Send.ISSUED or (
            send is Send.ISSUED_IF_EACH_REQUEST and self._policy.rotation.rotate_after == 0
        )

    def _good_until(self, session: Session, claims: SessionClaims, standing: Standing, now: float) -> float:
        rotation = self._policy.rotation
        limits = [
            float(claims.expires_at),
            session.expires_at,
            session.last_used_at + session.idle_timeout,
            session.last_used_at + self._policy.touch_interval,
        ]
        if standing is Standing.CURRENT:
            limits.append(session.generations.confirmed_at + rotation.rotate_after)
        elif standing is Standing.LATE:
            limits.append(late_until(session.generations, claims.generation, rotation) or now)
        return min(limits)


def _cause(session: Session, claims: SessionClaims, now: float, policy: SessionPolicy) -> Mapping[str, str]:
    """What a reader of the audit trail needs to tell a theft from a false alarm."""
    generations = session.generations
    superseded_at = dict(generations.superseded).get(claims.generation)
    if claims.generation > generations.issued:
        cause = "generation_ahead"
    elif claims.generation == generations.issued:
        cause = "not_of_this_row"
    else:
        cause = "superseded_after_grace"
    age = "unknown" if superseded_at is None else f"{now - superseded_at:.0f} s"
    return {
        "cause": cause,
        "presented": str(claims.generation),
        "issued": str(generations.issued),
        "confirmed": str(generations.confirmed),
        "superseded_for": age,
        "grace": f"{policy.rotation.grace:g} s",
        "session_address": session.address or "unknown",
        "on_replay": policy.on_replay,
    }
