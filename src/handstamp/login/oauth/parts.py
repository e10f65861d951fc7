"""What providers show on pages that others have a part in too."""

from dataclasses import dataclass

from handstamp.web.pages.contexts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAgain(Part):
    """A link out to the provider, and back to where the browser wanted to go."""

    template = "handstamp.login.oauth:_again.html"
    label: str
    path: str
