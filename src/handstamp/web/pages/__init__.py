"""Server-rendered pages: HTML that works without JavaScript, under one stylesheet.

No page holds inline style, script or event handler, so a policy of ``default-src 'none'; style-src 'self';
form-action 'self'`` (and ``img-src`` for pictures of users) fits all of them. Every form is ``method="post"`` and
goes to the application itself; whatever leads to another site is a link.
"""

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

from handstamp.web.pages import times
from handstamp.web.pages.contexts import PageContext
from handstamp.web.pages.devices import describe_device
from handstamp.web.pages.links import path_segment

if TYPE_CHECKING:
    from jinja2 import Environment


class Pages:
    """Turns contexts into HTML, for one application at one address.

    Args:
        app_name: What people know the application by; it stands at the top of every page.
        base: The path that handstamp is mounted at, without a slash at the end: ``/auth``.
    """

    def __init__(self, *, app_name: str, base: str) -> None:
        self._app_name = app_name
        self._base = base

    def render(self, context: PageContext) -> str:
        """The whole HTML document for a context; its class says which page that is."""
        template = _environment().get_template(context.template)
        return template.render(page=context, app_name=self._app_name, base=self._base)


@cache
def stylesheet() -> bytes:
    """The stylesheet, UTF-8; the pages ask for it at ``{base}/handstamp.css``."""
    return resources.files(__name__).joinpath("handstamp.css").read_bytes()


@cache
def icon() -> bytes:
    """The icon of the browser's tab, SVG; the pages ask for it at ``{base}/icon.svg``."""
    return resources.files(__name__).joinpath("icon.svg").read_bytes()


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  loads when a page is asked for

    environment = Environment(
        loader=PackageLoader(__name__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {
        "ago": times.ago,
        "day": times.day,
        "device": describe_device,
        "iso": times.iso,
        "moment": times.moment,
        "segment": path_segment,
    }
    environment.filters.update(cast("dict[str, Any]", filters))
    return environment
