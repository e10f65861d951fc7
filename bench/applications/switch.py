"""One server for several applications, so that they are compared inside one process."""

from collections.abc import Awaitable, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class Switch:
    """Gives each path to the application of that path, and everything else to the last one.

    With an application for each route, every route is the first of its router: the place in a list of routes costs
    something too, and would be taken for the cost of what is compared.
    """

    def __init__(self, applications: Mapping[str, ASGIApp]) -> None:
        self._applications = applications
        self._last = list(applications.values())[-1]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or the lifespan."""
        answer: Awaitable[None] = self._applications.get(scope.get("path", ""), self._last)(scope, receive, send)
        await answer
