"""The pages of the documentation that are made from the source. ``python tests/generated.py`` writes them anew."""

import inspect
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from handstamp.cli.ways import PROVIDERS
from handstamp.core.durations import format_duration
from handstamp.core.errors import HandstampError, InvalidToken, LoginFailed, SessionEnded
from handstamp.core.models import EndReason
from handstamp.login.oauth.method import variable_prefix
from handstamp.login.oauth.settings import section
from handstamp.services.check import REPLACED_KEEPS_COOKIE
from handstamp.settings import CONFIG_VARIABLE, PREFIX, Settings
from handstamp.web.answers import LOGIN_ANSWERS, TABLE
from handstamp.web.pages.texts import SIGNED_OUT

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
HOW: Final = "This page is made from the source: after a change, run `python tests/generated.py`."

SETTINGS: Final = f"""\
# Settings

Each setting can be a keyword argument of `Auth`, a variable, or a line of a TOML file. The keyword comes before the
variable, the variable before the file, the file before the default. `{CONFIG_VARIABLE}` names the file; its
lines have the names of the first column. `handstamp config show` prints what is in force, and where it comes from.

Durations are written `30s`, `15m`, `12h` or `7d`; a number alone is seconds.

{{table}}

## Variables of the providers

What our registration with a provider says. Any other OpenID provider reads `{PREFIX}<ID>_CLIENT_ID` and
`{PREFIX}<ID>_CLIENT_SECRET`, with its id in capitals.

{{providers}}

## What stops the start

A secret that is missing off loopback, weak, or there twice; plain http off loopback; a `{PREFIX}` variable that
nothing reads; a file that cannot be read; settings that contradict each other. The message says in one line what to
do, and never shows a secret.
"""

ERRORS: Final = """\
# Errors

Programs get `application/problem+json` (RFC 9457): `title`, `status`, the stable `code`, and where there is one the
`reason`. Browsers get a page. Wording may change; codes and reasons do not.

{codes}

"Cookies deleted" means that the answer takes back the session cookie and its readable flag. A session that was
`replaced` less than {seconds} s ago keeps them: the browser may hold those of its successor already.

## Reasons of `session_ended`

`GET /auth/session` tells the same ones.

{ends}

## Reasons of `login_failed`

{logins}
"""


def settings_page() -> str:
    """``docs/settings.md``, from the fields of ``Settings``."""
    rows = [
        (f"`{name}`", f"`{PREFIX}{name.upper()}`", _default(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    providers = [
        (f"`{variable_prefix(provider)}{name.upper()}`", (field.description or "").format(label=way.label))
        for provider, way in PROVIDERS.items()
        for name, field in section(provider).model_fields.items()
    ]
    return _page(
        SETTINGS.format(
            table=table(("setting", "variable", "default", "what it does"), rows),
            providers=table(("variable", "what it does"), providers),
        )
    )


def errors_page() -> str:
    """``docs/errors.md``, from the error tree and the table of answers."""
    codes = [
        (f"`{error.code}`", _status(error, answer.status), _deleted(error), _summary(error))
        for error, answer in TABLE.items()
        if error is not HandstampError
    ]
    ends = [(f"`{reason.value}`", SIGNED_OUT[reason].text) for reason in EndReason]
    logins = [(f"`{reason}`", str(answer.status), answer.title) for reason, answer in LOGIN_ANSWERS.items()]
    return _page(
        ERRORS.format(
            codes=table(("code", "status", "cookies deleted", "meaning"), codes),
            ends=table(("reason", "what people are told"), ends),
            logins=table(("reason", "status", "what people are told"), logins),
            seconds=f"{REPLACED_KEEPS_COOKIE:g}",
        )
    )


PAGES: Final = {"settings.md": settings_page, "errors.md": errors_page}


def _page(text: str) -> str:
    title, _, rest = text.partition("\n")
    return f"{title}\n\n<!-- {HOW} -->\n{rest}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def _default(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()  # a default is no secret
    if isinstance(value, float):
        value = format_duration(value)
    return f"`{value}`" if value else "none"


def _status(error: type[HandstampError], status: int) -> str:
    return "by its reason" if issubclass(error, LoginFailed) else str(status)


def _deleted(error: type[HandstampError]) -> str:
    if issubclass(error, SessionEnded):
        return "yes, unless just replaced"
    return "yes" if issubclass(error, InvalidToken) else "no"


def _summary(error: type[HandstampError]) -> str:
    text = (inspect.getdoc(error) or "").partition("\n\n")[0]
    return re.sub(r"\s+", " ", text).replace("``", "`")


def main() -> None:
    """Write the pages."""
    for name, render in PAGES.items():
        (DOCS / name).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
