"""The second factor of a user: a one-time code or, where the app is lost, a recovery code, from one field."""

from dataclasses import dataclass
from typing import Final, Self

from starlette.requests import Request

from handstamp.core.errors import InvalidInput, RateLimited
from handstamp.core.keys import Purpose
from handstamp.core.protocols import Clock
from handstamp.login.totp.authenticator import MALFORMED, Authenticator
from handstamp.login.totp.recovery import RecoveryCodes, read
from handstamp.services.audit import Audit, log_only
from handstamp.web.host import Host, Services
from handstamp.web.respond import caller_of

FIELD: Final = "code"
OTP: Final = ("otp",)
"""RFC 8176. It has no word for a recovery code."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What a request needs to ask for a second factor, or to change it."""

    app: Authenticator
    codes: RecoveryCodes
    audit: Audit
    clock: Clock

    @classmethod
    def of(cls, host: Host, services: Services) -> Self:
        """That of an application whose store is open."""
        store, throttle = services.people, services.throttle
        sealer = host.sealer(Purpose.TOTP_SECRET)
        app = Authenticator(store=store, throttle=throttle, sealer=sealer)
        return cls(app, RecoveryCodes(store=store, throttle=throttle), services.audit, host.clock)

    async def prove(
        self, request: Request, user_id: str, presented: str, *, place: str, recovery_place: str
    ) -> tuple[str, ...]:
        """Take a code of either kind, once; by what methods the user has shown who they are then (RFC 8176).

        Args:
            request: The one that brings it.
            user_id: Whose it has to be.
            presented: What was typed. Sixteen letters and digits are a recovery code.
            place: Where attempts with codes of the app are counted: empty at sign-in, so that a stranger who begins
                many has no more of them; the session of whoever is signed in.
            recovery_place: The same of recovery codes, which nobody guesses: the sign-in under way, so that whoever
                begins others uses up no attempt of the owner's.

        Raises:
            InvalidInput: It is wrong, or was used.
            RateLimited: It was wrong too often.
            Busy: The same app is asked many times at once.
            StoreUnavailable: Nobody knows.
        """
        now, address = self.clock(), caller_of(request).address
        pointer = f"/{FIELD}"
        try:
            if read(presented) is None:
                await self.app.verify(user_id, presented, now=now, place=place, pointer=pointer)
                return OTP
            left = await self.codes.use(user_id, presented, now=now, place=recovery_place, pointer=pointer)
        except RateLimited as error:
            # Whoever goes on all the same could fill the store with it.
            log_only("second_factor_failed", now=now, user_id=user_id, address=address, code=error.code)
            raise
        except InvalidInput as error:
            code = error.faults[0].code
            if code != MALFORMED:  # that was no attempt
                await self.audit.record("second_factor_failed", now=now, user_id=user_id, address=address, code=code)
            raise
        await self.audit.record("recovery_code_used", now=now, user_id=user_id, address=address, left=str(left))
        return ()
