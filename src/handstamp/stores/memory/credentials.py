"""Credentials in memory."""

from collections.abc import Sequence
from dataclasses import replace

from handstamp.core.credentials import TAKEN, all_of
from handstamp.core.models import Credential, CredentialKind
from handstamp.stores.memory.people import People


class MemoryCredentials(People):
    """Keeps ``CredentialStore``."""

    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        """See ``CredentialStore``."""
        theirs = self._of_kind(credential.user_id, credential.kind)
        if credential.user_id not in self._users or self._is_taken(credential) or len(theirs) >= most:
            return False
        self._put_credential(credential)
        return True

    async def list_credentials(self, user_id: str) -> tuple[Credential, ...]:
        """See ``CredentialStore``."""
        return tuple(sorted(self._credentials_of(user_id), key=_age))

    async def find_credential(self, kind: CredentialKind, lookup: str) -> Credential | None:
        """See ``CredentialStore``."""
        found = (one for one in self._credentials.values() if (one.kind, one.lookup) == (kind, lookup))
        return next(found, None)

    async def swap_credential(self, seen: Credential, becomes: Credential) -> bool:
        """See ``CredentialStore``."""
        stored = self._credentials.get(seen.id)
        if stored is None or stored.version != seen.version:
            return False
        self._put_credential(
            replace(
                becomes,
                id=stored.id,
                user_id=stored.user_id,
                kind=stored.kind,
                lookup=stored.lookup,
                created_at=stored.created_at,
                version=stored.version + 1,
            )
        )
        return True

    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        """See ``CredentialStore``."""
        stored = self._credentials.get(credential_id)
        if stored is None or stored.user_id != user_id:
            return None
        if keep_a_way_in and stored.is_way_in:
            self._keep_a_way_in(user_id)
        return self._credentials.pop(credential_id)

    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> tuple[Credential, ...] | None:
        """See ``CredentialStore``."""
        new = all_of(credentials, user_id=user_id, kind=kind)
        if user_id not in self._users:
            return None
        old = self._of_kind(user_id, kind)
        for credential in old:
            del self._credentials[credential.id]
        taken = any(self._is_taken(credential) for credential in new)
        for credential in old if taken else new:
            self._put_credential(credential)
        if taken:
            raise ValueError(TAKEN)
        return tuple(sorted(old, key=_age))

    def _of_kind(self, user_id: str, kind: CredentialKind) -> list[Credential]:
        return [one for one in self._credentials_of(user_id) if one.kind is kind]

    def _is_taken(self, credential: Credential) -> bool:
        return credential.id in self._credentials or any(
            (one.kind, one.lookup) == (credential.kind, credential.lookup)
            for one in self._credentials.values()
            if one.lookup is not None
        )

    def _put_credential(self, credential: Credential) -> None:
        self._credentials[credential.id] = replace(credential, data=dict(credential.data))


def _age(credential: Credential) -> tuple[float, str]:
    return credential.created_at, credential.id
