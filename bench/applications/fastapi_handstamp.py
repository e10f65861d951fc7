"""FastAPI: as for Starlette, and once more with a dependency of the guard's shape that does nothing."""

from typing import Annotated, Final

from bench.applications.switch import Switch
from fastapi import Depends, FastAPI
from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from handstamp import Auth
from handstamp.integrations.fastapi import CurrentUser, install

ANSWER: Final = {"doors": "open"}


class DoNothing(SecurityBase):
    """What FastAPI's own injection costs: it resolves this as it resolves the guard."""

    def __init__(self) -> None:
        self.model = APIKey.model_validate({"in": APIKeyIn.cookie, "name": "nothing"})
        self.scheme_name = "nothing"

    async def __call__(self, connection: HTTPConnection) -> str:
        """Whoever it is."""
        del connection
        return "somebody"


async def plain() -> dict[str, str]:
    """The answer, for everybody."""
    return ANSWER


async def nothing(somebody: Annotated[str, Depends(DoNothing())]) -> dict[str, str]:
    """The answer, for everybody, after a dependency."""
    del somebody
    return ANSWER


async def protected(user: CurrentUser) -> dict[str, str]:
    """The answer, for those who are signed in."""
    del user
    return ANSWER


bare_app, plain_app, nothing_app, protected_app = FastAPI(), FastAPI(), FastAPI(), FastAPI()
bare_app.get("/bare")(plain)
plain_app.get("/plain")(plain)
nothing_app.get("/nothing")(nothing)
protected_app.get("/protected")(protected)

auth = Auth()  # HANDSTAMP_DATABASE
for each in (plain_app, nothing_app, protected_app):
    install(each, auth)

app = Switch({"/bare": bare_app, "/plain": plain_app, "/nothing": nothing_app, "/protected": protected_app})
