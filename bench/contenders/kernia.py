"""kernia, mounted on FastAPI."""

from typing import Final

from bench.contending import Contender
from bench.entrances import OverHttp, Post
from bench.installing import FromPyPI
from bench.peers import PASSWORD, SERVED_BY, served_by_python

_EMAIL: Final = "user-{number}@example.com"

CONTENDER: Final = Contender(
    name="kernia",
    group="peer",
    framework="FastAPI",
    store="SQLite",
    setup="The read-me's example on FastAPI with e-mail and password, on its SQLAlchemy adapter with aiosqlite in "
    "place of its memory adapter. The limit of five sign-ups a minute is off.",
    docs="https://kernia.dev/docs",
    checks="The cookie's signature, then a SELECT of the session. The user is not loaded.",
    lasting="refused: sign-out deletes the session's row",
    entrance=OverHttp(
        sign_up_by=Post("/api/auth/sign-up/email", {"email": _EMAIL, "name": "user {number}", "password": PASSWORD}),
        sign_in_by=Post("/api/auth/sign-in/email", {"email": _EMAIL, "password": PASSWORD}),
        sign_out_by=Post("/api/auth/sign-out"),
    ),
    command=served_by_python("kernia_app"),
    packages=FromPyPI(
        "kernia",
        ("kernia[fastapi,sqlalchemy]==0.1.0", "sqlalchemy", *SERVED_BY),
        ("kernia", "fastapi", "sqlalchemy", "aiosqlite", "uvicorn", "uvloop", "httptools"),
    ),
)
