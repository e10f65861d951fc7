"""Base64 as PHC strings and Django have it, read strictly: one value has one spelling."""

from base64 import b64decode, b64encode

from handstamp.core.errors import InvalidHash


def encode(data: bytes) -> str:
    """Without padding."""
    return b64encode(data).decode("ascii").rstrip("=")


def decode(text: str) -> bytes:
    """Read base64 without padding.

    Args:
        text: Of the alphabet's characters alone; the pattern that found it has seen to that.

    Raises:
        InvalidHash: An impossible length, or a bit set among those that the last character has to spare.
    """
    try:
        data = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise InvalidHash("this hash has a part that is no base64") from None
    if encode(data) != text:
        raise InvalidHash("this hash has a part that is no canonical base64")
    return data
