"""Processes that sign people in and out and rotate their tokens until they are killed, and one that looks on.

``python -m parts.crowd work NAME PLACE`` and ``python -m parts.crowd watch PLACE``, where PLACE is JSON. What
they are answered stands in ledgers, in the folder of the place.
"""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.errors import SessionEnded, StoreUnavailable
from handstamp.core.models import EndReason, Profile, Session
from parts.ledger import ENDED, OVER, SENT, STARTED, Ledger, Ledgers

PEOPLE = 4
FEWEST, MOST = 4, 20
"""Sessions of a person, about."""
SIDE_BY_SIDE = 3
"""Operations under way in each process that works."""
GRACE = 60
"""Seconds for which a token is let in that was replaced; nobody here sends one that is half as old."""
GIVEN_REASONS = frozenset(
    {EndReason.SIGNED_OUT, EndReason.ENDED_ELSEWHERE, EndReason.REPLACED, EndReason.PASSWORD_CHANGED}
)
"""Why sessions are ended here. Any other reason is a defect."""

_AGAIN = 0.02
"""Seconds from an outage to the next attempt."""

_CHOICE = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything is."""

    folder: str
    database: str
    sessions: str | None = None

    def auth(self, **settings: Any) -> Auth:
        """The public face, as any application has it."""
        return Auth(self.database, sessions=self.sessions, secret=SECRET, grace=GRACE, **settings)

    @classmethod
    def parsed(cls, text: str) -> "Place":
        """From the command line."""
        return cls(**json.loads(text))

    def __str__(self) -> str:
        return json.dumps(asdict(self))


class Worker:
    """Does one thing after another, for any of a few people, with any of their sessions.

    Tokens rotate at each request, so each request writes. Other workers use the same sessions at the same time.
    """

    def __init__(self, name: str, place: Place) -> None:
        self._auth = place.auth(rotate_after=0)
        self._ledger = Ledger(Path(place.folder, f"{name}.ledger"))
        self._people: dict[str, str] = {}
        self._tokens: dict[str, tuple[str, float]] = {}
        """Of each session, the last one that was sent from here, and when: what a browser would send."""

    async def work(self) -> None:
        """Go on until the process is killed."""
        await asyncio.gather(*(self._again_and_again() for _ in range(SIDE_BY_SIDE)))

    async def _again_and_again(self) -> None:
        while True:
            try:
                await self._auth.open()
                await self._one_thing()
            except StoreUnavailable:
                await asyncio.sleep(_AGAIN)

    async def _one_thing(self) -> None:
        person = str(_CHOICE.randrange(PEOPLE))
        if person not in self._people:
            await self._sign_in(person, ())
            return
        live = await self._auth.sessions.list(self._people[person], now=self._auth.clock())
        if len({session.id for session in live}) != len(live):
            raise AssertionError("a session is in the list twice")
        if len(live) < FEWEST:
            await self._sign_in(person, live)
        elif len(live) > MOST:
            await self._sign_out(person, live)
        else:
            await _CHOICE.choice((self._sign_in, self._rotate, self._sign_out))(person, live)

    async def _sign_in(self, person: str, live: tuple[Session, ...]) -> None:
        now = self._auth.clock()
        user = await self._auth.users.sign_in(Profile(issuer="https://idp.example", subject=person), now=now)
        if self._people.setdefault(person, user.id) != user.id:
            raise AssertionError("one identity has two users")
        before = _CHOICE.choice(live) if live and _CHOICE.random() < 0.2 else None
        presented = self._token(before).encode() if before else None
        issued = await self._auth.sessions.start(user, amr=("pwd",), now=now, presented=presented)
        self._ledger.write(STARTED, issued.session.id, user.id)
        if before:
            self._ledger.write(OVER, before.id, EndReason.REPLACED.value)
        self._tokens[issued.session.id] = issued.token, now

    async def _rotate(self, _person: str, live: tuple[Session, ...]) -> None:
        session = _CHOICE.choice(live)
        check, now = (await self._auth.open()).check, self._auth.clock()
        try:
            admission = await check.authenticate(self._token(session).encode(), now=now)
        except SessionEnded as ended:
            self._ledger.write(OVER, session.id, ended.reason.value)
            return
        issued = await check.settle(admission, now=now)
        if issued is not None:
            generations = issued.session.generations
            self._ledger.write(SENT, session.id, generations.issued, generations.confirmed)
            self._tokens[session.id] = issued.token, now

    async def _sign_out(self, _person: str, live: tuple[Session, ...]) -> None:
        session, chance, now = _CHOICE.choice(live), _CHOICE.random(), self._auth.clock()
        if chance < 0.03:
            reason = EndReason.PASSWORD_CHANGED
            ended = await self._auth.sessions.end_all(session.user_id, reason=reason, now=now, keep=session.id)
        elif chance < 0.5:
            reason = EndReason.SIGNED_OUT
            done = await self._auth.sessions.sign_out(self._token(session).encode(), now=now) is not None
            ended = (session.id,) if done else ()
        else:
            reason = EndReason.ENDED_ELSEWHERE
            done = await self._auth.sessions.end(session.id, reason=reason, now=now, user_id=session.user_id)
            ended = (session.id,) if done else ()
        for session_id in ended:
            self._ledger.write(ENDED, session_id, reason.value)

    def _token(self, session: Session) -> str:
        """What its browser holds: the last token from here, or one that another process has sent."""
        ours, sent_at = self._tokens.get(session.id, ("", 0.0))
        if ours and self._auth.clock() < sent_at + GRACE / 2 and _CHOICE.random() < 0.5:
            return ours
        return self._auth.sessions.issued(session).token


@dataclass(slots=True)
class LetIn:
    """An ended session that was let in."""

    session: str
    by_memory: bool
    after: float
    """Seconds since its end was answered."""


@dataclass(slots=True)
class Seen:
    """What the process that looks on has seen."""

    asked: int
    """Requests with sessions whose end had been answered."""
    warm: int
    """Sessions that were in memory at some time before their end was answered."""
    let_in: list[LetIn]


class Onlooker:
    """Keeps every session in memory while it lives, and asks for it when its end was answered to somebody."""

    def __init__(self, place: Place) -> None:
        self._auth = place.auth()
        self._folder = Path(place.folder)
        self._ledgers = Ledgers(self._folder)
        self._tokens: dict[str, bytes] = {}
        self._moved: dict[str, None] = {}
        self._ended: dict[str, float] = {}
        self._fresh: dict[str, float] = {}
        self._seen = Seen(0, 0, [])

    async def watch(self) -> None:
        """Go on until somebody makes the file ``stop``, ask for everything once more, and write what was seen."""
        while not (self._folder / "stop").exists():
            await self._look()
            await asyncio.sleep(0.001)
        await self._look()
        for session_id, at in self._ended.items():
            await _answered(self._ask(session_id, at))
        (self._folder / "seen").write_text(json.dumps(asdict(self._seen)))

    async def _look(self) -> None:
        for line in self._ledgers.news():
            if line.what in {STARTED, SENT}:
                self._moved[line.session] = None
            else:
                self._fresh.setdefault(line.session, line.at)
                self._moved.pop(line.session, None)
        for session_id, at in list(self._fresh.items()):
            if session_id not in self._ended:
                self._ended[session_id] = at
                self._seen.warm += session_id in self._tokens
            if await _answered(self._ask(session_id, at)):
                self._fresh.pop(session_id, None)
        for session_id in list(self._moved)[-5:]:
            self._moved.pop(session_id, None)
            await _answered(self._warm(session_id))
        if self._ended:
            some = _CHOICE.choice(list(self._ended))
            await _answered(self._ask(some, self._ended[some]))

    async def _warm(self, session_id: str) -> bool:
        """Be the browser of a session until an answer stays in memory."""
        services, now = await self._auth.open(), self._auth.clock()
        session = await self._auth.session_store.load_session(session_id)
        if session is None or session.ended_at is not None:
            return True
        token = services.sessions.issued(session).token.encode()
        try:
            admission = await services.check.authenticate(token, now=now)
            if not admission.settled:
                await services.check.settle(admission, now=now)
                admission = await services.check.authenticate(token, now=now)
        except SessionEnded:
            return True
        if services.check.find(token, now) is not None:
            self._tokens[session_id] = token
        return True

    async def _ask(self, session_id: str, at: float) -> bool:
        """A request with a session that is over; whether it was refused."""
        services, now = await self._auth.open(), self._auth.clock()
        token = self._tokens.get(session_id)
        if token is None:
            session = await self._auth.session_store.load_session(session_id)
            if session is None:
                return True  # others count what is missing
            token = self._tokens[session_id] = services.sessions.issued(session).token.encode()
        self._seen.asked += 1
        asked_at = time.monotonic()
        by_memory = services.check.find(token, now) is not None
        if not by_memory:
            try:
                await services.check.authenticate(token, now=now)
            except SessionEnded:
                return True
        self._seen.let_in.append(LetIn(session_id, by_memory, asked_at - at))
        return False


async def _answered(answer: Awaitable[bool]) -> bool:
    """What was answered; where nobody was there to answer, False."""
    try:
        return await answer
    except StoreUnavailable:
        await asyncio.sleep(_AGAIN)
        return False


def main(task: str, *words: str) -> None:
    """Do what the command line says."""
    place = Place.parsed(words[-1])
    asyncio.run(Worker(words[0], place).work() if task == "work" else Onlooker(place).watch())


if __name__ == "__main__":
    main(*sys.argv[1:])
