"""What mails say: a text and an HTML part for each, in the language of whoever is written to.

``NAME.txt`` begins with its subject, as ``Subject: …``, and a line that is empty. ``NAME.html`` is the same for those
who see HTML. A folder of the application's own may have any of them; it comes first.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from jinja2 import Environment

NAMES: Final = (
    "account_exists",
    "change_email",
    "email_changed",
    "email_code",
    "factor_changed",
    "new_sign_in",
    "password_changed",
    "reset_password",
    "session_replayed",
    "sign_in_code_unknown",
    "verify_email",
)
"""Every mail that there is."""

_SUBJECT: Final = "Subject: "


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent to somebody."""

    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str


class Letters:
    """Writes letters.

    Args:
        app_name: What people know the application by.
        origin: Where it lives.
        folder: Templates that come before ours, by the same names.
        translations: The texts of a language.
    """

    def __init__(
        self, *, app_name: str, origin: str, folder: Path | None, translations: Callable[[str], NullTranslations]
    ) -> None:
        self._common: Final = {"app_name": app_name, "origin": origin}
        self._folder: Final = folder
        self._translations: Final = translations

    def write(self, name: str, to: str, *, language: str, **values: object) -> Letter:
        """A letter.

        Args:
            name: One of ``NAMES``.
            to: The address.
            language: Of the receiver.
            values: What its templates ask for.

        Raises:
            ValueError: A template of the application's own has no subject, or one of several lines.
            jinja2.TemplateError: It cannot be rendered.
        """
        environment = _environment(self._folder, language, self._translations)
        given = {**self._common, "language": language, **values}
        head, _, text = environment.get_template(f"{name}.txt").render(given).partition("\n\n")
        subject = head.removeprefix(_SUBJECT).strip()
        if not head.startswith(_SUBJECT) or not subject.isprintable() or not subject:
            raise ValueError(f"the mail {name}.txt has to begin with one line 'Subject: …' and an empty one")
        html = environment.get_template(f"{name}.html").render(given)
        return Letter(to=to, subject=subject, text=text.strip() + "\n", html=html, language=language)


@lru_cache(maxsize=16)
def _environment(
    folder: Path | None, language: str, translations: Callable[[str], NullTranslations]
) -> "Environment":
    from jinja2 import (  # noqa: PLC0415  loads when a mail is written
        ChoiceLoader,
        Environment,
        FileSystemLoader,
        PackageLoader,
        StrictUndefined,
        select_autoescape,
    )

    loaders = [PackageLoader(__name__)]
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder), *loaders] if folder else loaders),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
    )
    install = cast("Callable[..., Any]", vars(environment)["install_gettext_translations"])
    install(translations(language), newstyle=True)
    return environment
