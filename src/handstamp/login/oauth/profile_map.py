"""How the answer of a provider becomes a profile: one value for each provider, to be read at a glance."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from handstamp.core.models import Profile
from handstamp.login.oauth import claims

Reader: TypeAlias = str | Callable[[Mapping[str, Any]], object] | None
"""Where one thing is: in the member of this name, where this function finds it, or nowhere.

What is found is not trusted: ``ProfileMap.read`` looks at it. A function need not expect answers of another shape.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileMap:
    """Where the answer of a provider has what we want to know of a person.

    The members of OpenID Connect Core §5.1 unless said otherwise, and no word on e-mail addresses is believed.
    """

    subject: Reader = "sub"
    """The provider's lasting name for the person. Never an address or a user name: those change hands (OAU-07)."""
    subject_form: Callable[[object], str] = claims.subject
    """Refuses a subject that is not of the provider's form."""
    name: Reader = "name"
    username: Reader = "preferred_username"
    picture: Reader = "picture"
    email: Reader = "email"
    verified: Reader = None
    """Whether the provider has proved the address; only ``True`` counts. Nowhere: an address is somebody's claim."""

    def read(self, issuer: str, answer: Mapping[str, Any]) -> Profile:
        """The profile.

        Args:
            issuer: Half of the key of the identity.
            answer: From the provider, about the person who signed in.

        Raises:
            LoginFailed: ``invalid_response``; it does not say who that is.
        """
        email = claims.email(_found(self.email, answer))
        return Profile(
            issuer=issuer,
            subject=self.subject_form(_found(self.subject, answer)),
            email=email,
            email_verified=email is not None and _found(self.verified, answer) is True,
            name=claims.text(_found(self.name, answer)),
            username=claims.text(_found(self.username, answer)),
            picture=claims.picture(_found(self.picture, answer)),
        )


def _found(reader: Reader, answer: Mapping[str, Any]) -> object:
    if reader is None:
        return None
    if isinstance(reader, str):
        return answer.get(reader)
    try:
        return reader(answer)
    except (AttributeError, LookupError, TypeError):
        return None  # a list where there should be an object, say: so it was not said
