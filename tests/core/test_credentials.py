"""What every store of credentials sees to."""

import pytest

from handstamp.core.credentials import all_of
from handstamp.core.models import Credential, CredentialKind
from handstamp.testing import a_credential

CODE = CredentialKind.RECOVERY_CODE


def test_credentials_of_one_user_and_kind_go_together() -> None:
    """They come back as they are; several may be without a lookup."""
    codes = [a_credential("ada", kind=CODE) for _ in range(3)]
    assert all_of(codes, user_id="ada", kind=CODE) == tuple(codes)
    assert all_of([], user_id="ada", kind=CODE) == ()


@pytest.mark.parametrize("other", [a_credential("grace", CODE), a_credential("ada", CredentialKind.TOTP)])
def test_one_of_another_user_or_kind_is_refused(other: Credential) -> None:
    """It would be stored for somebody who was not asked for."""
    with pytest.raises(ValueError, match="another user or kind"):
        all_of([a_credential("ada", kind=CODE), other], user_id="ada", kind=CODE)


@pytest.mark.parametrize("key", ["id", "lookup"])
def test_two_of_one_key_are_refused(key: str) -> None:
    """One of them could not be stored."""
    codes = [a_credential("ada", kind=CODE, **{key: "same"}) for _ in range(2)]
    with pytest.raises(ValueError, match="id or lookup"):
        all_of(codes, user_id="ada", kind=CODE)
