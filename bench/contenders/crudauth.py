"""crudauth with its default transport: a session in a cookie."""

from typing import Final

from bench.contending import Contender
from bench.entrances import OverHttp, Post
from bench.installing import FromPyPI
from bench.peers import PASSWORD, SERVED_BY, served_by_python

_NAME: Final = "user{number}"

CONTENDER: Final = Contender(
    name="crudauth",
    group="peer",
    framework="FastAPI",
    store="memory, users in SQLite",
    setup="The quick start: sessions in the process's memory, users by SQLAlchemy and aiosqlite. The limit of five "
    "registrations an hour is off. bcrypt is slow, so there are 20 sessions.",
    docs="https://benavlabs.github.io/crudauth",
    checks="The session in memory, whose time of last use it writes, then a SELECT of the user. The sessions of this "
    "set-up are gone when the process ends, and are known to one process only.",
    lasting="refused: sign-out deletes the session",
    entrance=OverHttp(
        sign_up_by=Post("/register", {"email": "user{number}@example.com", "username": _NAME, "password": PASSWORD}),
        sign_in_by=Post("/login", {"username": _NAME, "password": PASSWORD}, "form"),
        sign_out_by=Post("/logout"),
        csrf="csrf_token",
    ),
    command=served_by_python("crudauth_app"),
    packages=FromPyPI(
        "crudauth",
        ("crudauth==0.8.2", "sqlalchemy", "greenlet", "pyjwt==2.15.1", "bcrypt==5.0.0", *SERVED_BY),
        ("crudauth", "fastapi", "sqlalchemy", "aiosqlite", "uvicorn", "uvloop", "httptools"),
    ),
    sessions=20,
)
