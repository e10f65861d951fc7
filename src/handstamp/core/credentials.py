"""What every store of credentials sees to before it asks its database."""

from collections.abc import Sequence

from handstamp.core.models import Credential, CredentialKind


def all_of(credentials: Sequence[Credential], *, user_id: str, kind: CredentialKind) -> tuple[Credential, ...]:
    """These credentials.

    Raises:
        ValueError: One is of another user or kind, or two have one id or one ``lookup``.
    """
    if any((one.user_id, one.kind) != (user_id, kind) for one in credentials):
        raise ValueError("a credential is of another user or kind than those that it would replace")
    for keys in ([one.id for one in credentials], [one.lookup for one in credentials if one.lookup is not None]):
        if len(set(keys)) < len(keys):
            raise ValueError(TAKEN)
    return tuple(credentials)


TAKEN = "there is a credential with this id or lookup"
"""What is said where that is why credentials cannot be stored."""
