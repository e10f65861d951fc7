"""The knobs of the vault."""

from handstamp.core.policy import VaultPolicy
from handstamp.settings import load_settings


def test_the_defaults_are_those_of_the_policy() -> None:
    """Written once: what is not needed is erased, and the provider told."""
    assert load_settings().policies.vault == VaultPolicy()


def test_every_knob_reaches_its_policy() -> None:
    """As configured."""
    settings = load_settings(vault_erase_at_sign_out=False, vault_erase_when_disabled=False, vault_revoke=False)
    assert settings.policies.vault == VaultPolicy(erase_at_sign_out=False, erase_when_disabled=False, revoke=False)
