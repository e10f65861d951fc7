"""Server-rendered pages: HTML that works without JavaScript, under one stylesheet.

No page holds inline style, script or event handler, so a policy of ``default-src 'none'; style-src 'self';
form-action 'self'`` (and ``img-src`` for pictures of users) fits all of them. Every form is ``method="post"`` and
goes to the application itself; whatever leads to another site is a link.
"""

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

from handstamp.web.languages import translations
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

    def render(self, context: PageContext, *, language: str = "en") -> str:
        """The whole HTML document for a context; its class says which page that is.

        Args:
            context: What the page shows.
            language: One of ``handstamp.web.languages.LANGUAGES``.
        """
        template = _environment(language).get_template(context.template)
        return template.render(page=context, app_name=self._app_name, base=self._base, language=language)


@cache
def stylesheet() -> bytes:
    """The stylesheet, UTF-8; the pages ask for it at ``{base}/handstamp.css``."""
    return resources.files(__name__).joinpath("handstamp.css").read_bytes()


@cache
def icon() -> bytes:
    """The icon of the browser's tab, SVG; the pages ask for it at ``{base}/icon.svg``."""
    return resources.files(__name__).joinpath("icon.svg").read_bytes()


@cache
def _environment(language: str) -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415  loads when a page is asked for

    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    install = cast("Callable[..., None]", vars(environment)["install_gettext_translations"])
    texts = translations(language)
    install(texts, newstyle=True)
    filters = {
        "ago": times.ago,
        "day": times.day,
        "device": describe_device,
        "iso": times.iso,
        "moment": times.moment,
        "segment": path_segment,
        "told": texts.gettext,  # of a text that is marked elsewhere, or that is no text of ours
    }
    environment.filters.update(cast("dict[str, Any]", filters))
    return environment


def _source(name: str) -> str:
    """The text of a template: ``name.html`` of ours, or ``package:name.html`` of a way in."""
    package, _, file = name.rpartition(":")
    return (resources.files(package or __name__) / "templates" / file).read_text(encoding="utf-8")
