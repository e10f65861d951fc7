"""An authenticator app, made by hand of the standard library, so that what is tested is not its own witness."""

import hmac
from base64 import b32decode
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

STEP = 30


def hotp(secret: bytes, counter: int, digits: int = 6) -> str:
    """RFC 4226 §5.3."""
    mac = hmac.digest(secret, counter.to_bytes(8), "sha1")
    offset = mac[19] & 15
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


class App:
    """Shows codes of what it was told."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    @classmethod
    def scanned(cls, uri: str) -> "App":
        """From the address in a picture."""
        return cls(b32decode(read_uri(uri)["secret"]))

    @classmethod
    def typed(cls, text: str) -> "App":
        """From what stands beside it."""
        return cls(b32decode(text.replace(" ", "")))

    def code(self, now: float, steps: int = 0) -> str:
        """What it shows at ``now``, or so many steps after that."""
        return hotp(self.secret, int(now) // STEP + steps)

    def wrong(self, now: float) -> str:
        """Six digits that are no code of it for minutes around."""
        right = {self.code(now, steps) for steps in range(-10, 11)}
        return next(code for code in (f"{number:06}" for number in range(100)) if code not in right)


def read_uri(uri: str) -> Mapping[str, str]:
    """``secret``, ``issuer``, and ``label`` as apps show it, of an ``otpauth`` address."""
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    values = parse_qs(parts.query, strict_parsing=True)
    assert all(len(value) == 1 for value in values.values())
    return {name: value[0] for name, value in values.items()} | {"label": unquote(parts.path.removeprefix("/"))}


def black(size: int, path: str) -> Iterable[tuple[int, int]]:
    """The black modules that a path draws."""
    for bar in path.removeprefix("M").split("M"):
        start, _, length = bar.removesuffix("z").partition("h")
        x, y = map(int, start.split(" "))
        width = int(length.partition("v1h-")[0])
        assert length == f"{width}v1h-{width}"
        assert max(x + width, y + 1) <= size
        yield from ((x + step, y) for step in range(width))
