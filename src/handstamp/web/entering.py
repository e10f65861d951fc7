"""The one door: whoever has shown who they are comes in here, by whatever way they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from handstamp.core.errors import LoginFailed
from handstamp.core.models import AAL2, Credential, CredentialKind, EndReason, Principal, Proof, User
from handstamp.core.people import CredentialStore
from handstamp.core.redirects import SafeRedirect
from handstamp.services.sessions import Issued
from handstamp.web.host import Host
from handstamp.web.represent import principal_data
from handstamp.web.respond import caller_of, data, is_form, see_other, wants_page
from handstamp.web.signing import signed_in
from handstamp.web.steps import Step, drop_step, keep_step, kept_step, use_step

SECOND_FACTOR: Final = "second-factor"
"""The step, and the page below the mount, where a sign-in waits for a second factor."""
SECOND_FACTOR_LIFETIME: Final = 600.0
"""Seconds."""

_SECOND: Final = frozenset({CredentialKind.TOTP, CredentialKind.RECOVERY_CODE, CredentialKind.PASSKEY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Somebody who has shown one factor and has to show another. They are not signed in, and may do nothing else."""

    step: Step
    user_id: str
    password: str
    """Which password the user had then: once it is another, this is worth nothing."""
    proof: Proof
    method: str
    remember: bool
    return_to: SafeRedirect | None


async def enter(
    request: Request,
    host: Host,
    user: User,
    proof: Proof,
    *,
    method: str,
    remember: bool = False,
    return_to: SafeRedirect | None = None,
    as_page: bool | None = None,
) -> Response:
    """Sign somebody in, or ask for the second factor that they have set up.

    Args:
        request: The one that proved it. The session that it carries is replaced by the new one.
        host: The application.
        user: Who it is.
        proof: How they showed it.
        method: The way in, for the audit trail.
        remember: Whether the session outlives the browser.
        return_to: Where a browser goes then.
        as_page: Whether a browser is answered, by a redirect; None: as the request says.

    Raises:
        LoginFailed: ``user_disabled``; ``flow_unknown``: a second factor was set up just now.
        StoreUnavailable: Nobody is signed in.
    """
    as_page = _for_browser(request) if as_page is None else as_page
    services = host.services or await host.open()
    if proof.aal < AAL2:
        credentials = await services.people.list_credentials(user.id)
        factors = _factors(credentials)
        if factors:
            values = {
                "user": user.id,
                "password": _mark(credentials),
                "amr": proof.amr,
                "method": method,
                "remember": remember,
                "return_to": return_to.location if return_to else None,
            }
            told = {"authenticated": False, "second_factor": list(factors)}
            response = (
                see_other(SafeRedirect.to_path(host.place.path(f"/{SECOND_FACTOR}"))) if as_page else data(told)
            )
            keep_step(response, host, SECOND_FACTOR, values, lifetime=SECOND_FACTOR_LIFETIME)
            return response
    return await _sign_in(
        request, host, user, proof, method=method, remember=remember, return_to=return_to, as_page=as_page
    )


async def second_factors(credentials: CredentialStore, user_id: str) -> tuple[str, ...]:
    """What a user may show as second factor, by kind; nothing where none is asked for.

    Who has set up one-time codes is asked; a recovery code or a passkey will do then as well.
    """
    return _factors(await credentials.list_credentials(user_id))


def pending_of(request: Request, host: Host) -> Pending:
    """The sign-in of this browser that waits for its second factor.

    Raises:
        LoginFailed: ``flow_unknown``; there is none.
    """
    step = kept_step(request, host, SECOND_FACTOR)
    values = step.values
    return Pending(
        step=step,
        user_id=values["user"],
        password=values["password"],
        proof=Proof(amr=tuple(values["amr"])),
        method=values["method"],
        remember=values["remember"],
        return_to=SafeRedirect.parse(values["return_to"], host.place.origins),
    )


async def enter_with_second(request: Request, host: Host, pending: Pending, amr: tuple[str, ...]) -> Response:
    """Finish a sign-in whose second factor was shown, once.

    Raises:
        LoginFailed: ``flow_unknown``; it was finished before, its user is gone, or has another password by now.
            ``user_disabled``.
        StoreUnavailable: Nobody is signed in.
    """
    services = host.services or await host.open()
    await use_step(pending.step, host)
    user = await services.people.load_user(pending.user_id)
    if user is None:
        raise LoginFailed("flow_unknown", "the user is gone")
    if _mark(await services.people.list_credentials(user.id)) != pending.password:
        raise LoginFailed("flow_unknown", "the password was changed meanwhile, which ends what began before")
    response = await _sign_in(
        request,
        host,
        user,
        pending.proof.and_second(amr),
        method=pending.method,
        remember=pending.remember,
        return_to=pending.return_to,
        as_page=_for_browser(request),
    )
    return drop_step(response, host, SECOND_FACTOR)


async def re_enter(request: Request, host: Host, principal: Principal, proof: Proof, *, method: str) -> Issued:
    """A new session for somebody who has shown anew who they are, in place of the one they have (SES-02).

    It is as persistent as that one, and reaches what either of the two proofs reached. ``signed_in`` lets the
    response carry it.

    Raises:
        LoginFailed: ``user_disabled``.
        StoreUnavailable: The session is as it was.
    """
    services, caller, now = host.services or await host.open(), caller_of(request), host.clock()
    before = principal.session
    issued = await services.sessions.start(
        principal.user,
        amr=tuple(dict.fromkeys((*before.amr, *proof.amr))),
        aal=max(before.aal, proof.aal),
        persistent=before.persistent,
        presented=caller.presented(),
        user_agent=request.headers.get("user-agent"),
        address=caller.address,
        now=now,
    )
    await services.audit.record(
        "reauthenticated",
        now=now,
        user_id=principal.user.id,
        session_id=issued.session.id,
        address=caller.address,
        method=method,
    )
    return issued


async def _sign_in(
    request: Request,
    host: Host,
    user: User,
    proof: Proof,
    *,
    method: str,
    remember: bool,
    return_to: SafeRedirect | None,
    as_page: bool,
) -> Response:
    services, caller, now = host.services or await host.open(), caller_of(request), host.clock()
    issued = await services.sessions.start(
        user,
        amr=proof.amr,
        aal=proof.aal,
        persistent=remember,
        presented=caller.presented(),
        user_agent=request.headers.get("user-agent"),
        address=caller.address,
        now=now,
    )
    if proof.aal < AAL2 and await second_factors(services.people, user.id):
        # Whoever set it up has ended all sessions that there were; this one may have begun right after that.
        await services.sessions.end(issued.session.id, reason=EndReason.FACTOR_CHANGED, now=now)
        raise LoginFailed("flow_unknown", "a second factor was set up meanwhile")
    await services.audit.record(
        "signed_in",
        now=now,
        user_id=user.id,
        session_id=issued.session.id,
        address=caller.address,
        method=method,
    )
    if as_page:
        response = see_other(return_to or SafeRedirect.to_path(host.place.after_sign_in))
    else:
        response = data(principal_data(Principal(user=user, session=issued.session)))
    return signed_in(host, response, issued)


def _factors(credentials: Sequence[Credential]) -> tuple[str, ...]:
    kinds = {one.kind for one in credentials if one.kind in _SECOND and one.confirmed_at is not None}
    return tuple(kind.value for kind in CredentialKind if kind in kinds) if CredentialKind.TOTP in kinds else ()


def _mark(credentials: Sequence[Credential]) -> str:
    """Names the password that a user has, and no other that they had."""
    return " ".join(f"{one.id}:{one.version}" for one in credentials if one.kind is CredentialKind.PASSWORD)


def _for_browser(request: Request) -> bool:
    return is_form(request) or wants_page(request)
