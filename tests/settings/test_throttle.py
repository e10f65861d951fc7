"""The knobs of limits and proxies: what they reach, and what stops the start."""

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.core.networks import parse_network
from handstamp.core.policy import Bucket, ProxyPolicy, ThrottlePolicy
from handstamp.settings import load_settings


def test_the_defaults_are_those_of_the_policies() -> None:
    """Written once; nobody is believed about where requests come from."""
    settings = load_settings()
    assert settings.throttle == settings.policies.throttle == ThrottlePolicy()
    assert settings.proxies == ProxyPolicy()


def test_every_knob_reaches_its_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As configured."""
    monkeypatch.setenv("HANDSTAMP_TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1")
    settings = load_settings(tries=3, tries_by_account=7, tries_by_network=500, forwarded_header="forwarded")
    limits = settings.throttle.sign_in
    assert (limits.pair, limits.account, limits.network) == (Bucket(3, 30), Bucket(7, 60), Bucket(500, 2))
    assert settings.proxies == ProxyPolicy(
        trusted=(parse_network("10.0.0.0/8"), parse_network("2001:db8::1")), header="forwarded"
    )


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example", "0.0.0.0/0", "::/0", "::ffff:10.0.0.0/104"])
def test_a_network_that_is_none_or_everybody_stops_the_start(text: str) -> None:
    """Trusting everybody is what a stranger would want."""
    with pytest.raises(ConfigurationError, match=r"is no network|is everybody"):
        load_settings(trusted_proxies=text)
