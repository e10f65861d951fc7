"""better-auth on Express, with its cookie cache."""

from dataclasses import replace
from typing import Final

from bench.contenders.better_auth import CONTENDER as WITHOUT
from bench.contending import Contender
from bench.peers import served_by_node

CONTENDER: Final[Contender] = replace(
    WITHOUT,
    name="better-auth, cookie cache",
    setup=f"{WITHOUT.setup} The cookie cache is on, for five minutes, as its page on sessions shows it.",
    docs="https://better-auth.com/docs/concepts/session-management",
    checks="The signature and the age of the cookie that holds session and user; the database once it is too old.",
    lasting="let in for 5 minutes, until the cached cookie is too old (`maxAge: 5 * 60` of the example). The old "
    "cookies are presented whole, as a copy of the browser's store has them.",
    command=served_by_node("better_auth.mjs", "cookie-cache"),
    quick=True,
)
