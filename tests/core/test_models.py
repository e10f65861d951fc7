"""The models: when a session is over, and what a record promises."""

from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from inspect import getmembers
from typing import Any

import pytest

from handstamp.core import models
from handstamp.core.models import (
    EVERYTHING_CHANGED,
    NOTHING_CHANGED,
    UNKNOWN,
    AuditEvent,
    Changes,
    Credential,
    CredentialKind,
    EndReason,
    Generations,
    Principal,
    Session,
    User,
)

NOW = 1_800_000_000.0
SESSION = Session(
    id="session",
    user_id="user",
    created_at=NOW,
    expires_at=NOW + 1000,
    last_used_at=NOW + 500,
    idle_timeout=100,
    generations=Generations(issued_at=NOW, confirmed_at=NOW),
    authenticated_at=NOW,
)


@pytest.mark.parametrize(
    ("changes", "now", "reason"),
    [
        ({}, NOW, None),
        ({}, NOW + 599.5, None),
        ({}, NOW + 600, EndReason.IDLE),
        ({}, NOW + 999.5, EndReason.IDLE),
        ({}, NOW + 1000, EndReason.EXPIRED),
        ({"last_used_at": NOW + 950}, NOW + 999.5, None),
        ({"last_used_at": NOW + 950}, NOW + 1000, EndReason.EXPIRED),
        ({"ended_at": NOW, "end_reason": EndReason.SIGNED_OUT}, NOW, EndReason.SIGNED_OUT),
        ({"ended_at": NOW, "end_reason": EndReason.SIGNED_OUT}, NOW - 60, EndReason.SIGNED_OUT),
        ({"ended_at": NOW, "end_reason": EndReason.SIGNED_OUT}, NOW + 2000, EndReason.SIGNED_OUT),
        ({"ended_at": 0.0, "end_reason": EndReason.ADMIN}, NOW, EndReason.ADMIN),
        ({"ended_at": NOW}, NOW, EndReason.UNKNOWN),
    ],
)
def test_a_session_is_over_from_the_first_moment_of_a_reason(
    changes: dict[str, Any], now: float, reason: EndReason | None
) -> None:
    """An end that was written down comes first, then the absolute limit, then the idle one (SES-05)."""
    assert replace(SESSION, **changes).ended_because(now) is reason


def test_the_reasons_for_an_end_are_the_public_ones() -> None:
    """The values are part of the API: adding one is fine, changing one is not."""
    assert {reason.value for reason in EndReason} == {
        "signed_out",
        "ended_elsewhere",
        "replaced",
        "expired",
        "idle",
        "replayed",
        "store_went_back",
        "password_changed",
        "factor_changed",
        "keys_reset",
        "user_disabled",
        "user_deleted",
        "admin",
        "device_lost",
        "unknown",
    }


def test_a_principal_has_the_roles_of_its_user_and_no_other() -> None:
    """Roles are those that the store gave, compared whole."""
    user = User(id="user", created_at=NOW, roles=frozenset({"analyst"}))
    principal = Principal(user=user, session=SESSION)
    assert [principal.has_role(role) for role in ("analyst", "analys", "Analyst", "")] == [True, False, False, False]


def test_a_user_begins_without_anything() -> None:
    """No address, no roles, not disabled, and nothing is taken for verified."""
    user = User(id="user", created_at=NOW)
    assert (user.email, user.email_verified, user.roles, user.disabled_at) == (None, False, frozenset(), None)


def test_generations_begin_at_one_issued_and_confirmed() -> None:
    """The first token is sent with the sign-in itself."""
    assert (SESSION.generations.issued, SESSION.generations.confirmed) == (1, 1)


def test_details_of_events_are_not_shared() -> None:
    """Each event has a dictionary of its own."""
    one, two = (AuditEvent(id=name, at=NOW, event="e") for name in "12")
    assert one.detail is not two.detail


@pytest.mark.parametrize(
    ("changes", "expected"),
    [(NOTHING_CHANGED, (True, False)), (UNKNOWN, (False, False)), (EVERYTHING_CHANGED, (True, True))],
)
def test_the_usual_answers_of_a_feed_name_nothing(changes: Changes, expected: tuple[bool, bool]) -> None:
    """They differ in what can be told."""
    assert (changes.coherent, changes.everything) == expected
    assert changes.sessions == changes.users == ()


def test_records_cannot_be_changed_and_have_no_other_attributes() -> None:
    """Each is frozen, with slots and keyword-only fields: what was checked stays as it was checked."""
    records = [value for _, value in getmembers(models, is_dataclass) if isinstance(value, type)]
    assert len(records) == 12
    for record in records:
        assert "__slots__" in vars(record)
        assert all(one.kw_only for one in fields(record))
    with pytest.raises(FrozenInstanceError):
        SESSION.user_id = "another"  # type: ignore[misc]  # the assignment that must fail


@pytest.mark.parametrize(
    ("kind", "confirmed_at", "way_in"),
    [
        (CredentialKind.PASSWORD, None, True),
        (CredentialKind.PASSWORD, NOW, True),
        (CredentialKind.PASSKEY, None, False),
        (CredentialKind.PASSKEY, NOW, True),
        (CredentialKind.TOTP, NOW, False),
        (CredentialKind.RECOVERY_CODE, NOW, False),
    ],
)
def test_a_way_in_is_what_lets_in_alone(kind: CredentialKind, confirmed_at: float | None, *, way_in: bool) -> None:
    """A password, and a passkey whose enrolment was finished; codes come second."""
    credential = Credential(
        id="1", user_id="user", kind=kind, secret="hidden", created_at=NOW, confirmed_at=confirmed_at
    )
    assert credential.is_way_in is way_in


def test_a_secret_is_not_shown() -> None:
    """The text of a credential, as a log or a traceback has it, is without its secret."""
    credential = Credential(id="1", user_id="user", kind=CredentialKind.PASSWORD, secret="hidden", created_at=NOW)
    assert "hidden" not in f"{credential!r}{credential}"


def test_the_kinds_of_credentials_are_the_public_ones() -> None:
    """The values are part of the API: adding one is fine, changing one is not."""
    assert {kind.value for kind in CredentialKind} == {"password", "passkey", "totp", "recovery_code"}


def test_a_second_factor_makes_two_of_one() -> None:
    """RFC 8176: ``mfa`` is said beside what was used; NIST SP 800-63B: that is AAL2."""
    password = models.Proof(amr=("pwd",))
    both = password.and_second(("otp",))
    assert (password.aal, both) == (1, models.Proof(amr=("pwd", "otp", "mfa"), aal=2))
    assert both.and_second(("otp",)) == both
