"""The page where people say who they are, or no."""

from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from handstamp.demo.standins.answers import PageRefusal, page, read_form
from handstamp.demo.standins.people import PEOPLE, Person

Provider = Literal["x", "google"]


def ask(provider: Provider, *, learns: tuple[str, ...], returns_to: str) -> Response:
    """The question.

    Its form goes to the page's own address, so the whole request comes back with the answer and nothing has to be
    remembered.

    Args:
        provider: Whom the page stands in for.
        learns: What the application will be told, in words.
        returns_to: The address that people are sent to afterwards; its host is shown.
    """
    return page(
        "consent.html",
        provider=provider,
        learns=learns,
        returns_to=urlsplit(returns_to).netloc,
        people=PEOPLE.values(),
    )


async def read_decision(request: Request) -> Person | None:
    """Who the person says they are; None for no.

    Raises:
        PageRefusal: Neither a person of ours nor a refusal.
    """
    form = await read_form(request)
    if form.get("decision") == "deny":
        return None
    person = PEOPLE.get(form.get("person", ""))
    if person is None:
        raise PageRefusal("invalid_request", "Nobody of that name has an account here.")
    return person
