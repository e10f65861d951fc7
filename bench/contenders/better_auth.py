"""better-auth on Express."""

from typing import Final

from bench.contending import Contender
from bench.entrances import OverHttp, Post
from bench.installing import FromNpm
from bench.peers import APPLICATIONS, PASSWORD, served_by_node

_EMAIL: Final = "user-{number}@example.com"

CONTENDER: Final = Contender(
    name="better-auth",
    group="peer",
    framework="Express",
    store="SQLite",
    setup="The guide for Express, with e-mail and password, on better-sqlite3. The limit of three sign-ups in ten "
    "seconds is off.",
    docs="https://better-auth.com/docs/integrations/express",
    checks="The cookie's signature, then the session and the user from the database.",
    lasting="refused: sign-out deletes the session's row",
    entrance=OverHttp(
        sign_up_by=Post("/api/auth/sign-up/email", {"email": _EMAIL, "name": "user {number}", "password": PASSWORD}),
        sign_in_by=Post("/api/auth/sign-in/email", {"email": _EMAIL, "password": PASSWORD}),
        sign_out_by=Post("/api/auth/sign-out"),
    ),
    command=served_by_node("better_auth.mjs"),
    packages=FromNpm(
        "better-auth",
        {"better-auth": "1.7.25", "better-sqlite3": "12.11.1", "express": "5.3.0"},
        APPLICATIONS / "better_auth.mjs",
    ),
)
