"""fastapi-fullauth with its cookie transport."""

from typing import Final

from bench.contending import Contender
from bench.entrances import OverHttp, Post
from bench.installing import FromPyPI
from bench.peers import PASSWORD, SERVED_BY, served_by_python

_PERSON: Final = {"email": "user-{number}@example.com", "password": PASSWORD}

CONTENDER: Final = Contender(
    name="fastapi-fullauth",
    group="peer",
    framework="FastAPI",
    store="SQLite",
    setup="The quick start on SQLModel and aiosqlite, with CookieBackend and the CSRFMiddleware that the read-me "
    "asks for beside it. The limit of three registrations a minute is off.",
    docs="https://mdfarhankc.github.io/fastapi-fullauth",
    checks="The token's signature and expiry, a list of ended tokens in the process's memory, then a SELECT of "
    "the user.",
    lasting="refused in the process that was signed out from. In another one, or after a restart, let in for up to "
    "30 minutes (`ACCESS_TOKEN_EXPIRE_MINUTES`): the list of ended tokens is in memory unless Redis is configured.",
    entrance=OverHttp(
        first="/protected",
        sign_up_by=Post("/api/v1/auth/register", _PERSON),
        sign_in_by=Post("/api/v1/auth/login", _PERSON),
        sign_out_by=Post("/api/v1/auth/logout"),
        csrf="fullauth_csrf",
    ),
    command=served_by_python("fastapi_fullauth_app"),
    packages=FromPyPI(
        "fastapi-fullauth",
        (
            "fastapi-fullauth[sqlmodel]==0.18.0",
            "sqlmodel==0.0.50",
            "sqlalchemy",
            "greenlet",
            "pyjwt==2.15.1",
            *SERVED_BY,
        ),
        (
            "fastapi-fullauth",
            "fastapi",
            "sqlmodel",
            "sqlalchemy",
            "aiosqlite",
            "pyjwt",
            "uvicorn",
            "uvloop",
            "httptools",
        ),
    ),
    elsewhere=True,
)
