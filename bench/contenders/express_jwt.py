"""Express, a JWT in an httpOnly cookie, and a look-up of the user: the stack of many articles."""

from typing import Final

from bench.contending import Contender
from bench.entrances import OverHttp, Post
from bench.installing import FromNpm
from bench.peers import APPLICATIONS, served_by_node

CONTENDER: Final = Contender(
    name="Express, cookie-parser, jsonwebtoken",
    group="peer",
    framework="Express",
    store="SQLite",
    setup="No library of its own, but what articles put together: a JWT that names the user, in an httpOnly cookie; "
    "a middleware `checkAuthorization` that verifies it and looks the user up with better-sqlite3. The secret is "
    "a string, as in the read-me: at each request jsonwebtoken first tries to read it as a public key, in vain, and "
    "that takes most of the time.",
    docs="https://github.com/auth0/node-jsonwebtoken#readme",
    checks="The token's signature and expiry, then a SELECT of the user, who has to be signed in.",
    lasting="refused while the user is signed out: sign-out marks the user, not the session. Once the "
    "user signs in anew, the old token is let in again until it expires (1 day here).",
    entrance=OverHttp(
        sign_in_by=Post("/login", {"name": "user-{number}"}),
        sign_out_by=Post("/logout"),
    ),
    command=served_by_node("express_jwt.mjs"),
    packages=FromNpm(
        "express-jwt",
        {"express": "5.3.0", "cookie-parser": "1.4.7", "jsonwebtoken": "9.0.3", "better-sqlite3": "12.11.1"},
        APPLICATIONS / "express_jwt.mjs",
    ),
    quick=True,
)
