"""What a browser sends of a passkey (``PublicKeyCredential.toJSON``), read strictly before anything believes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from handstamp.core.encoding import base64url_decode, json_object
from handstamp.core.errors import InvalidInput
from handstamp.core.faults import Fault
from handstamp.core.text import N_

MAX_ID: Final = 1023
"""Bytes of a credential id (§4)."""
_MAX_CLIENT_DATA: Final = 2048
_MAX_ATTESTATION: Final = 8192
_MAX_AUTHENTICATOR_DATA: Final = 1024
_MAX_SIGNATURE: Final = 1024
_MAX_HANDLE: Final = 64
_TRANSPORTS: Final = ("ble", "hybrid", "internal", "nfc", "smart-card", "usb")

UNREADABLE: Final = "passkey_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A new passkey, as the browser tells of it. Nothing of it is verified."""

    id: str
    """In base64url."""
    client_data: bytes
    attestation: bytes
    transports: tuple[str, ...]

    @classmethod
    def parse(cls, value: Mapping[str, object], *, field: str) -> "Registration":
        """Read one.

        Args:
            value: What was sent.
            field: In which field, for the fault.

        Raises:
            InvalidInput: It is none.
        """
        reader = _Reader(value, field)
        given = reader.response.get("transports", ())
        named = given if isinstance(given, list) else ()
        return cls(
            id=reader.id,
            client_data=reader.data("clientDataJSON", most=_MAX_CLIENT_DATA),
            attestation=reader.data("attestationObject", most=_MAX_ATTESTATION),
            transports=tuple(known for known in _TRANSPORTS if known in named),
        )

    def to_json(self, encode: Callable[[bytes], str]) -> dict[str, object]:
        """The same again, with nothing that was not read."""
        response = {"clientDataJSON": encode(self.client_data), "attestationObject": encode(self.attestation)}
        return {"id": self.id, "rawId": self.id, "type": "public-key", "response": response}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A use of a passkey, as the browser tells of it. Nothing of it is verified."""

    id: str
    """In base64url."""
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    handle: bytes | None
    """Whose the authenticator says it is. It leaves that out where it was asked for a passkey by its id."""

    @classmethod
    def parse(cls, value: Mapping[str, object], *, field: str) -> "Assertion":
        """Read one; the same arguments and errors as ``Registration.parse``."""
        reader = _Reader(value, field)
        handle = reader.response.get("userHandle")
        return cls(
            id=reader.id,
            client_data=reader.data("clientDataJSON", most=_MAX_CLIENT_DATA),
            authenticator_data=reader.data("authenticatorData", most=_MAX_AUTHENTICATOR_DATA),
            signature=reader.data("signature", most=_MAX_SIGNATURE),
            handle=None if handle is None else reader.data("userHandle", most=_MAX_HANDLE),
        )

    def to_json(self, encode: Callable[[bytes], str]) -> dict[str, object]:
        """The same again, with nothing that was not read."""
        response = {
            "clientDataJSON": encode(self.client_data),
            "authenticatorData": encode(self.authenticator_data),
            "signature": encode(self.signature),
        }
        return {"id": self.id, "rawId": self.id, "type": "public-key", "response": response}


def parse_json(text: str, *, field: str) -> Mapping[str, object]:
    """What a form carries in one field.

    Raises:
        InvalidInput: It is no JSON object.
    """
    try:
        return json_object(text.encode())
    except ValueError:
        _refuse(field)


class _Reader:
    def __init__(self, value: Mapping[str, object], field: str) -> None:
        self._field = field
        response = value.get("response")
        if (
            not isinstance(response, dict)
            or value.get("type") != "public-key"
            or value.get("id") != value.get("rawId")
        ):
            _refuse(field)
        self.response: Mapping[str, object] = response
        self._decoded(value.get("id"), most=MAX_ID)
        self.id = str(value["id"])

    def data(self, name: str, *, most: int) -> bytes:
        return self._decoded(self.response.get(name), most=most)

    def _decoded(self, value: object, *, most: int) -> bytes:
        if not isinstance(value, str) or not 0 < len(value) <= 4 * most // 3 + 2:
            _refuse(self._field)
        try:
            return base64url_decode(value.encode())
        except ValueError:
            _refuse(self._field)


def _refuse(field: str) -> NoReturn:
    raise InvalidInput([Fault(UNREADABLE, N_("This is no passkey that can be read."), f"/{field}")])
