"""The knobs of the vault."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from handstamp.core.policy import VaultPolicy


class VaultSettings(BaseSettings):
    """When tokens of providers are erased. Which are kept at all, each way in says: ``Google(keep_tokens=True)``."""

    vault_erase_at_sign_out: Annotated[
        bool,
        Field(description="Erase what providers gave us when the last session of a user ends by signing out."),
    ] = VaultPolicy().erase_at_sign_out
    vault_erase_when_disabled: Annotated[
        bool, Field(description="Erase what providers gave us when a user is disabled.")
    ] = VaultPolicy().erase_when_disabled
    vault_revoke: Annotated[
        bool, Field(description="Tell the provider of tokens that were erased, where it has an endpoint (RFC 7009).")
    ] = VaultPolicy().revoke

    @property
    def vault(self) -> VaultPolicy:
        """When tokens are erased."""
        return VaultPolicy(
            erase_at_sign_out=self.vault_erase_at_sign_out,
            erase_when_disabled=self.vault_erase_when_disabled,
            revoke=self.vault_revoke,
        )
