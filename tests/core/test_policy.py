"""The policies: plain values, and what follows from them."""

import pytest

from handstamp.core.policy import DAY, HOUR, MINUTE, CookiePolicy, SessionPolicy


@pytest.mark.parametrize(
    ("idle_timeout", "interval"), [(7 * DAY, MINUTE), (HOUR, MINUTE), (600, 60), (599, 59.9), (60, 6), (0, 0)]
)
def test_a_use_is_written_each_minute_or_each_tenth_of_the_idle_limit(idle_timeout: float, interval: float) -> None:
    """Whichever is less."""
    assert SessionPolicy(idle_timeout=idle_timeout).touch_interval == pytest.approx(interval)


def test_sessions_have_the_limits_of_the_design() -> None:
    """30 days at most, 7 days unused, a new token each 15 minutes, the old one let in for 5; a replay ends."""
    policy = SessionPolicy()
    assert (policy.absolute_timeout, policy.idle_timeout) == (30 * DAY, 7 * DAY)
    assert (policy.rotation.rotate_after, policy.rotation.grace) == (15 * MINUTE, 5 * MINUTE)
    assert policy.on_replay == "end"


def test_cookies_have_the_strictest_prefix() -> None:
    """``__Host-Http-`` and with it Secure, unless told otherwise (COO-01)."""
    cookies = CookiePolicy()
    assert (cookies.session, cookies.flow_prefix) == ("__Host-Http-session", "__Host-Http-flow-")
    assert cookies.secure


def test_cookies_without_prefix_are_not_secure() -> None:
    """For clients on loopback that drop Secure cookies over plain http."""
    cookies = CookiePolicy(prefix="")
    assert (cookies.session, cookies.flow_prefix, cookies.secure) == ("session", "flow-", False)
