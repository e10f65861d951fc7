"""Conformance suites for stores: one test for each sentence of ``handstamp.core.protocols``.

A store's own test file is wiring only::

    class TestSessions(SessionStoreSuite): ...

with the fixtures ``store`` and ``peer`` that ``ConformanceSuite`` describes. Needs pytest and anyio's plugin.
"""

# ruff: noqa: E402  pytest rewrites the asserts only of modules that are registered before they are imported

import pytest

pytest.register_assert_rewrite(
    "handstamp.testing.audit",
    "handstamp.testing.backend",
    "handstamp.testing.challenges",
    "handstamp.testing.credential_end",
    "handstamp.testing.credentials",
    "handstamp.testing.emails",
    "handstamp.testing.feed",
    "handstamp.testing.hearing",
    "handstamp.testing.identities",
    "handstamp.testing.leases",
    "handstamp.testing.links",
    "handstamp.testing.mail",
    "handstamp.testing.session_end",
    "handstamp.testing.session_feed",
    "handstamp.testing.session_use",
    "handstamp.testing.sessions",
    "handstamp.testing.steps",
    "handstamp.testing.throttle",
    "handstamp.testing.users",
    "handstamp.testing.ways_in",
)

from handstamp.testing.audit import AuditStoreSuite
from handstamp.testing.backend import SessionBackendSuite, StoreSuite
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.challenges import ChallengeStoreSuite
from handstamp.testing.credentials import CredentialStoreSuite
from handstamp.testing.feed import ChangeFeedSuite
from handstamp.testing.leases import LeaseSuite
from handstamp.testing.mail import MailStoreSuite
from handstamp.testing.races import CALLERS, race
from handstamp.testing.samples import NOW, a_credential, a_mail, a_profile, a_session, a_user, an_event
from handstamp.testing.session_feed import SessionFeedSuite
from handstamp.testing.sessions import SessionStoreSuite
from handstamp.testing.throttle import ThrottleSuite
from handstamp.testing.users import UserStoreSuite

__all__ = [
    "CALLERS",
    "NOW",
    "AuditStoreSuite",
    "ChallengeStoreSuite",
    "ChangeFeedSuite",
    "ConformanceSuite",
    "CredentialStoreSuite",
    "LeaseSuite",
    "MailStoreSuite",
    "SessionBackendSuite",
    "SessionFeedSuite",
    "SessionStoreSuite",
    "StoreSuite",
    "ThrottleSuite",
    "UserStoreSuite",
    "a_credential",
    "a_mail",
    "a_profile",
    "a_session",
    "a_user",
    "an_event",
    "race",
]
