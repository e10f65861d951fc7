"""What the parts of the store share."""

from handstamp.stores.redis.server import Server


class Part:
    """A part of the store: it asks the one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
