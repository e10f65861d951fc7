"""fastapi-users with its JWT strategy in a cookie."""

from typing import Final

from bench.contending import Contender
from bench.entrances import OverHttp, Post
from bench.installing import FromPyPI
from bench.peers import PASSWORD, SERVED_BY, served_by_python

_PERSON: Final = {"email": "user-{number}@example.com", "password": PASSWORD}

CONTENDER: Final = Contender(
    name="fastapi-users, JWT",
    group="peer",
    framework="FastAPI",
    store="SQLite",
    setup="The full example for SQLAlchemy and aiosqlite, with CookieTransport in place of BearerTransport and the "
    "JWT strategy; lifetimes of an hour as there.",
    docs="https://fastapi-users.github.io/fastapi-users/latest/configuration/full-example/",
    checks="The token's signature and expiry, then a SELECT of the user.",
    lasting="let in for 1 hour, until the token expires (`lifetime_seconds=3600` of the example): as its JWT "
    "strategy says itself, a JWT cannot be invalidated.",
    entrance=OverHttp(
        sign_up_by=Post("/auth/register", _PERSON),
        sign_in_by=Post("/auth/cookie/login", {"username": _PERSON["email"], "password": PASSWORD}, "form"),
        sign_out_by=Post("/auth/cookie/logout"),
    ),
    command=served_by_python("fastapi_users_app", "jwt"),
    packages=FromPyPI(
        "fastapi-users",
        (
            "fastapi-users[sqlalchemy]==15.0.5",
            "fastapi-users-db-sqlalchemy==7.0.0",
            "sqlalchemy==2.0.58",
            "pyjwt==2.15.1",
            *SERVED_BY,
        ),
        ("fastapi-users", "fastapi", "sqlalchemy", "aiosqlite", "pyjwt", "uvicorn", "uvloop", "httptools"),
    ),
    quick=True,
)
