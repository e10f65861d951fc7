"""fastapi-users with its database strategy in a cookie."""

from dataclasses import replace
from typing import Final

from bench.contenders.fastapi_users_jwt import CONTENDER as BY_TOKEN
from bench.contending import Contender
from bench.peers import served_by_python

CONTENDER: Final[Contender] = replace(
    BY_TOKEN,
    name="fastapi-users, database",
    setup="The full example for SQLAlchemy and aiosqlite, with CookieTransport in place of BearerTransport and the "
    "database strategy of its own page; lifetimes of an hour as there.",
    docs="https://fastapi-users.github.io/fastapi-users/latest/configuration/authentication/strategies/database/",
    checks="A SELECT of the token, then a SELECT of the user.",
    lasting="refused: sign-out deletes the token's row",
    command=served_by_python("fastapi_users_app", "database"),
)
