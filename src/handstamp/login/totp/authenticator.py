"""The authenticator app of a user: set up, confirmed by a code of it, asked, and given up."""

import logging
from dataclasses import dataclass, field, replace
from typing import Final

from handstamp.core.errors import Busy, InvalidInput, InvalidToken
from handstamp.core.faults import Fault
from handstamp.core.ids import new_id
from handstamp.core.models import Credential, CredentialKind
from handstamp.core.people import CredentialStore
from handstamp.core.policy import HOUR
from handstamp.core.sealing import Sealer
from handstamp.core.text import N_
from handstamp.login.totp.attempts import CODES, Attempts
from handstamp.login.totp.codes import code_in, new_secret, steps_of
from handstamp.services.throttle import Throttle

WRONG: Final = "code_wrong"
USED: Final = "code_used"
MALFORMED: Final = "code_malformed"
OVER: Final = "enrolment_over"

_MESSAGES: Final = {
    MALFORMED: N_("A code is six digits. A recovery code is sixteen letters and digits."),
    WRONG: N_("This is not the code that your app shows now. Look again, and check the clock of your phone."),
    USED: N_("This code was used already. Wait until your app shows the next one."),
    OVER: N_("This took too long, or was begun again elsewhere. Begin again."),
}

_LOG: Final = logging.getLogger("handstamp.totp")
_LIFETIME: Final = HOUR
"""Of an enrolment: people look for an app first."""
_TRIES: Final = 8
"""Times that what was read is read again because others were faster. Each of them moved on by it."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An app that is being set up. It lets nobody in until a code of it was typed."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An app that counts from now on."""

    first: bool
    """Whether the user had none before; if not, the one before counts no more."""


class Authenticator:
    """The use cases around the app. Every ``now`` is seconds since the epoch.

    A secret is sealed at rest, bound to its user, and sealed anew at the next right code once the server has a newer
    key. A user has at most one app that counts: the one that was set up last, of those that were confirmed.

    Args:
        store: Keeps the secrets.
        throttle: Counts what was tried.
        sealer: For ``Purpose.TOTP_SECRET``.
    """

    def __init__(self, *, store: CredentialStore, throttle: Throttle, sealer: Sealer) -> None:
        self._store: Final = store
        self._sealer: Final = sealer
        self._attempts: Final = Attempts(throttle, "totp", CODES)
        self._confirmations: Final = Attempts(throttle, "totp-new", CODES)

    async def enrol(self, user_id: str, *, now: float) -> Enrolment:
        """Begin to set up an app: a new secret, in place of one that was not confirmed.

        An app that counts goes on counting until the new one is confirmed.

        Raises:
            Busy: The same is being done many times at once, or the user is gone.
            StoreUnavailable: Nothing is set up.
        """
        secret = new_secret()
        credential = Credential(
            id=new_id(now),
            user_id=user_id,
            kind=CredentialKind.TOTP,
            secret=self._sealer.seal(secret, context=_context(user_id)),
            created_at=now,
        )
        for _ in range(_TRIES):
            apps = await self._apps(user_id)
            for unconfirmed in (app for app in apps if app.confirmed_at is None):
                await self._remove(unconfirmed)
            most = 1 + sum(app.confirmed_at is not None for app in apps)
            if await self._store.add_credential(credential, most=most):
                return Enrolment(credential.id, secret)
        raise Busy("an app is being set up for this user elsewhere")

    async def pending(self, user_id: str, enrolment: str, *, now: float) -> Enrolment | None:
        """What is being set up, to be shown once more to whoever began it; None where it is over.

        It is asked for by its id: nobody is shown a secret that somebody else began to set up in their account.
        """
        app = _under_way(await self._apps(user_id), enrolment, now=now)
        secret = None if app is None else self._open(app)
        return None if secret is None else Enrolment(enrolment, secret)

    async def confirm(
        self, user_id: str, enrolment: str, presented: str, *, now: float, pointer: str = "/code"
    ) -> Confirmed:
        """Finish setting up an app by a code of it. That code opens nothing more.

        Args:
            user_id: Whose.
            enrolment: The id of what is being set up.
            presented: What was typed.
            now: Seconds since the epoch.
            pointer: Of the field that the code came in.

        Raises:
            InvalidInput: ``enrolment_over``: it was confirmed, another was begun, or an hour has passed. Or
                ``code_malformed`` or ``code_wrong``.
            RateLimited: Too many were tried.
            StoreUnavailable: It is not known to be confirmed.
        """
        code = _digits(presented, pointer)
        await self._confirmations.take(user_id, now=now)
        apps = await self._apps(user_id)
        app = _under_way(apps, enrolment, now=now)
        if app is None:
            raise _over()
        step = self._step(app, code, now=now, pointer=pointer)
        if not await self._store.swap_credential(app, replace(app, confirmed_at=now, last_used_at=now, counter=step)):
            raise _over()
        # Only older ones go: of two that are confirmed at once the newer stays, whoever is faster.
        for older in apps[: apps.index(app)]:
            await self._remove(older)
        await self._confirmations.forget(user_id)
        return Confirmed(first=_counting(apps) is None)

    async def verify(
        self, user_id: str, presented: str, *, now: float, place: str = "", pointer: str = "/code"
    ) -> None:
        """Return if this is a code of the user's app that nobody has used; it is used from now on.

        A code of a step is taken once, and none of an earlier step after it (RFC 6238 §5.2).

        Args:
            user_id: Whose.
            presented: What was typed.
            now: Seconds since the epoch.
            place: Where attempts are counted apart: empty at sign-in, the session of whoever is signed in.
            pointer: Of the field that it came in.

        Raises:
            InvalidInput: ``code_malformed``, ``code_wrong`` or ``code_used``. A user without an app has wrong ones.
            RateLimited: Too many were tried.
            Busy: The same app is asked many times at once.
            StoreUnavailable: Nobody knows.
        """
        code = _digits(presented, pointer)
        await self._attempts.take(user_id, place, now=now)
        for _ in range(_TRIES):
            app = _counting(await self._apps(user_id))
            if app is None:
                raise InvalidInput([_fault(WRONG, pointer)])
            step = self._step(app, code, now=now, pointer=pointer)
            becomes = replace(app, counter=step, last_used_at=now, secret=self._renewed(app))
            if await self._store.swap_credential(app, becomes):
                await self._attempts.forget(user_id, place)
                return
        raise Busy("this app is asked elsewhere at the same moment")

    async def since(self, user_id: str) -> float | None:
        """Since when the user's app counts, in seconds since the epoch; None without one."""
        app = _counting(await self._apps(user_id))
        return None if app is None else app.confirmed_at

    async def turn_off(self, user_id: str) -> bool:
        """Give up the app, and one that is being set up; whether this call ended one that counted.

        Raises:
            StoreUnavailable: It is not known to be given up.
        """
        gone = await self._store.replace_credentials(user_id, CredentialKind.TOTP, ())
        return _counting(gone or ()) is not None

    async def _apps(self, user_id: str) -> tuple[Credential, ...]:
        theirs = await self._store.list_credentials(user_id)
        return tuple(one for one in theirs if one.kind is CredentialKind.TOTP)

    async def _remove(self, app: Credential) -> None:
        await self._store.remove_credential(app.id, user_id=app.user_id, keep_a_way_in=False)

    def _step(self, app: Credential, code: str, *, now: float, pointer: str) -> int:
        """The step that a code of the app is used for."""
        secret = self._open(app)
        steps = [] if secret is None else list(steps_of(code, secret, now=now))
        unused = [step for step in steps if step > app.counter]
        if not unused:
            raise InvalidInput([_fault(USED if steps else WRONG, pointer)])
        return unused[0]

    def _open(self, app: Credential) -> bytes | None:
        try:
            return self._sealer.open(app.secret, context=_context(app.user_id))
        except InvalidToken as error:
            # It was sealed with a secret of the server that is gone, or damaged: a recovery code is what is left.
            _LOG.warning("the secret of an authenticator app in the store cannot be used: %s", error)
            return None

    def _renewed(self, app: Credential) -> str:
        if self._sealer.is_newest(app.secret):
            return app.secret
        context = _context(app.user_id)
        return self._sealer.seal(self._sealer.open(app.secret, context=context), context=context)


def _counting(apps: tuple[Credential, ...]) -> Credential | None:
    return next((app for app in reversed(apps) if app.confirmed_at is not None), None)


def _under_way(apps: tuple[Credential, ...], enrolment: str, *, now: float) -> Credential | None:
    return next(
        (
            app
            for app in apps
            if app.id == enrolment and app.confirmed_at is None and now < app.created_at + _LIFETIME
        ),
        None,
    )


def _over() -> InvalidInput:
    return InvalidInput([_fault(OVER, "/enrolment")])


def _context(user_id: str) -> bytes:
    return f"totp\0{user_id}".encode()


def _digits(presented: str, pointer: str) -> str:
    code = code_in(presented)
    if code is None:
        raise InvalidInput([_fault(MALFORMED, pointer)])
    return code


def _fault(code: str, pointer: str) -> Fault:
    return Fault(code, _MESSAGES[code], pointer)
