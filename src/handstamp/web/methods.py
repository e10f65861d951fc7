"""What a way in has to offer to stand on the login page."""

from collections.abc import Sequence
from typing import Protocol

from starlette.routing import Route

from handstamp.web.host import Host


class LoginMethod(Protocol):
    """A way in for people."""

    @property
    def id(self) -> str:
        """A stable name, part of addresses: ``x``, ``google``."""
        ...

    @property
    def label(self) -> str:
        """What people know it by."""
        ...

    @property
    def path(self) -> str:
        """Where signing in this way begins, below the mount: ``/login/x``."""
        ...

    def routes(self, host: Host) -> Sequence[Route]:
        """Its routes below the mount."""
        ...
