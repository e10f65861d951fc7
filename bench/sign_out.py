"""After the load: one person signs out, and the old cookie is presented again."""

import time
from dataclasses import dataclass
from typing import Final

from bench.contending import PROTECTED, Entrance, Site
from bench.entrances import Visitor
from bench.measure import CannotMeasure, Server

_ELSEWHERE_AFTER: Final = 0.1
"""Seconds: news of an ended session takes a few milliseconds to another process."""


@dataclass(frozen=True, slots=True)
class SignOut:
    """The statuses, in order."""

    without_cookie: int
    before: int
    """With a cookie of a session that is open."""
    before_elsewhere: int | None
    """The same at another process; None: there was none."""
    signing_out: int
    after: int
    """The old cookie, at once."""
    after_elsewhere: int | None
    """The old cookie at the other process, a tenth of a second later."""
    after_next_sign_in: int
    """The old cookie, once the same person has signed in anew."""

    def check(self) -> None:
        """See whether the measurement is worth anything.

        Raises:
            CannotMeasure: The route is open to everybody, or closed to those who are signed in, or nobody can go.
        """
        if not 400 <= self.without_cookie < 500:
            raise CannotMeasure(f"the protected route answers {self.without_cookie} to those who have no cookie")
        if not is_in(self.before) or not (self.before_elsewhere is None or is_in(self.before_elsewhere)):
            raise CannotMeasure(f"a session was not let in: {self.before}, {self.before_elsewhere}")
        if self.signing_out >= 400:
            raise CannotMeasure(f"signing out was answered by {self.signing_out}")

    @property
    def still_let_in(self) -> bool:
        """Whether the old cookie opens the route after its session was ended."""
        return is_in(self.after) or (self.after_elsewhere is not None and is_in(self.after_elsewhere))

    @property
    def let_in_again(self) -> bool:
        """Whether the old cookie opens the route once its owner has signed in anew."""
        return self.still_let_in or is_in(self.after_next_sign_in)


def is_in(status: int) -> bool:
    """A 2xx."""
    return 200 <= status < 300


def present(server: Server, cookies: str) -> int:
    """The status of the protected route to somebody who has these cookies."""
    visitor = Visitor(server, cookies)
    try:
        return visitor.get(PROTECTED.path)[0]
    finally:
        visitor.close()


def sign_out(entrance: Entrance, site: Site, server: Server, other: Server | None, *, number: int) -> SignOut:
    """Sign somebody in and out, and see what the old cookie is good for.

    Raises:
        CannotMeasure: It cannot be seen.
    """
    (cookies,) = entrance.sign_in(site, server, [number])
    without, before = present(server, ""), present(server, cookies)
    before_elsewhere = present(other, cookies) if other else None
    signing_out = entrance.sign_out(server, cookies)
    after, after_elsewhere = present(server, cookies), None
    if other:
        time.sleep(_ELSEWHERE_AFTER)
        after_elsewhere = present(other, cookies)
    entrance.sign_in(site, server, [number])
    seen = SignOut(without, before, before_elsewhere, signing_out, after, after_elsewhere, present(server, cookies))
    seen.check()
    return seen
