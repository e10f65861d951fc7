"""What comes in: a JSON object or an HTML form, as fields, with one fault for each that cannot be taken."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from handstamp.core.emails import parse_address
from handstamp.core.encoding import json_object
from handstamp.core.errors import InvalidInput, InvalidRequest, TooLarge, UnsupportedMediaType
from handstamp.core.faults import Fault
from handstamp.core.policy import OriginPolicy
from handstamp.core.redirects import SafeRedirect
from handstamp.core.text import N_, can_be_kept
from handstamp.web.respond import caller_of, is_form

MAX_BODY_BYTES: Final = 16_384
_MAX_FIELDS: Final = 64
_MAX_TEXT: Final = 256
_MAX_SECRET: Final = 4096
_YES: Final = frozenset({"1", "on", "true"})
_NO: Final = frozenset({"", "0", "off", "false"})

MISSING: Final = "missing"
TOO_LONG: Final = "too_long"
WRONG_TYPE: Final = "wrong_type"
BROKEN: Final = "broken_characters"
NO_ADDRESS: Final = "no_address"


class Fields:
    """The fields of a request. Faults are gathered, so that whoever sent them hears of all at once.

    Args:
        values: As they came.
        form: Whether they came from an HTML form.
    """

    def __init__(self, values: Mapping[str, object], *, form: bool) -> None:
        self._values = values
        self.form = form
        self.faults: list[Fault] = []

    def text(self, name: str, *, most: int = _MAX_TEXT) -> str:
        """A field for people, without space around it; "" where it has a fault.

        Args:
            name: Which.
            most: Characters.
        """
        value = self.optional(name, most=most)
        if value is None and not any(fault.pointer == f"/{name}" for fault in self.faults):
            self.refuse(name, MISSING, N_("This is needed."))
        return value or ""

    def optional(self, name: str, *, most: int = _MAX_TEXT) -> str | None:
        """The same of a field that may be left out or empty: None then."""
        value = self._string(name, most=most).strip()
        if not value.isprintable():
            self.refuse(name, BROKEN, N_("A character of it cannot be taken."))
            return None
        return value or None

    def secret(self, name: str, *, most: int = _MAX_SECRET) -> str:
        """A field whose every character counts, spaces too; "" where it has a fault."""
        value = self._string(name, most=most)
        if not value and not any(fault.pointer == f"/{name}" for fault in self.faults):
            self.refuse(name, MISSING, N_("This is needed."))
        return value

    def has(self, name: str) -> bool:
        """Whether a field came with something in it."""
        value = self._values.get(name)
        return value is not None and value != ""

    def typed(self, name: str) -> str:
        """What came in a field, for its form to be shown again; "" where it is nothing to be shown. No secret."""
        value = self._values.get(name)
        return value if isinstance(value, str) and len(value) <= _MAX_TEXT and value.isprintable() else ""

    def email(self, name: str = "email") -> str:
        """An e-mail address as it is kept; "" where it is none."""
        value = self.text(name)
        if not value:
            return ""
        try:
            return parse_address(value)
        except ValueError as error:
            self.refuse(name, NO_ADDRESS, str(error))
            return ""

    def flag(self, name: str) -> bool:
        """A field that is true or false, or a checkbox; one that is left out is false."""
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        if self.form and isinstance(value, str) and value in _YES | _NO:
            return value in _YES
        self.refuse(name, WRONG_TYPE, N_("This is true or false."))
        return False

    def return_to(self, policy: OriginPolicy) -> SafeRedirect | None:
        """Where the browser wants to go; None where it did not say, or said something unsafe."""
        value = self._values.get("return_to")
        return SafeRedirect.parse(value, policy) if isinstance(value, str) else None

    def refuse(self, name: str, code: str, message: str, **values: object) -> None:
        """Note a fault of a field."""
        self.faults.append(Fault(code, message, f"/{name}", values))

    def check(self) -> None:
        """Go on if there was no fault.

        Raises:
            InvalidInput: There was.
        """
        if self.faults:
            raise InvalidInput(self.faults)

    def _string(self, name: str, *, most: int) -> str:
        value = self._values.get(name, "")
        if value is None:
            return ""
        if not isinstance(value, str):
            self.refuse(name, WRONG_TYPE, N_("This has to be text."))
            return ""
        if not can_be_kept(value):
            self.refuse(name, BROKEN, N_("A character of it cannot be taken."))
            return ""
        if len(value) > most:
            self.refuse(name, TOO_LONG, N_("Use at most %(most)s characters."), most=most)
            return ""
        return value


async def read_fields(request: Request) -> Fields:
    """The fields of a request that changes something.

    Raises:
        CrossOrigin: Another site caused it. That is looked at with a cookie and without: signing in is attacked
            without one (CSR-05).
        UnsupportedMediaType: It is neither a JSON object nor an HTML form (CSR-08).
        TooLarge: It is longer than 16 KB; no more than that is read.
        InvalidRequest: It cannot be read.
    """
    caller_of(request).check_origin(carries_cookie=True)
    form = is_form(request)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in {"application/json", "application/x-www-form-urlencoded"}:
        raise UnsupportedMediaType("send application/json or application/x-www-form-urlencoded")
    body = await _body(request)
    try:
        return Fields(_form(body) if form else json_object(body), form=form)
    except ValueError:
        raise InvalidRequest("the body is no JSON object, or no form, as it says that it is") from None


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(f"the body is longer than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _form(body: bytes) -> Mapping[str, object]:
    pairs = parse_qsl(
        body.decode("ascii"),
        keep_blank_values=True,
        strict_parsing=bool(body),
        errors="strict",
        max_num_fields=_MAX_FIELDS,
    )
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a field twice")
    return values
