"""What one process has once for all passwords: threads that hash, rules, and the look-up of leaked ones."""

from dataclasses import dataclass

from handstamp.core.policy import Policies
from handstamp.login.password.breach import BreachLookup
from handstamp.login.password.hashing import Hasher
from handstamp.login.password.policy import PasswordRules
from handstamp.login.password.worker import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Made when they are first needed: the lists of the rules take 50 ms and 18 MB."""

    hasher: Hasher
    worker: Worker
    rules: PasswordRules
    breach: BreachLookup | None

    @classmethod
    def of(cls, policies: Policies, *, application: str) -> "Machines":
        """Those that the settings ask for.

        Raises:
            ConfigurationError: A package is not installed.
        """
        return cls(
            hasher=Hasher(policies.hashing),
            worker=Worker(policies.hashing),
            rules=PasswordRules(policies.passwords, application=application),
            breach=None if policies.breach is None else BreachLookup(policies.breach),
        )

    async def close(self) -> None:
        """Let go of threads and connections. Whoever waits for a hash is told that the process is being stopped."""
        self.worker.close()
        if self.breach is not None:
            await self.breach.close()
