"""Whether a password has leaked elsewhere, asked of a service that does not learn the password.

The service is sent the first 20 bits of a SHA-1 hash, and answers with all the hashes that begin so: some thousand
lines, ``SUFFIX:COUNT``, padded so that their number tells nothing (the range interface of Pwned Passwords). SHA-1 is
what the service has; nothing is kept of it. Off unless a URL is configured.
"""

import asyncio
import hashlib
import logging
import re
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import ModuleType
from typing import TYPE_CHECKING, Final

from handstamp.core.errors import ConfigurationError
from handstamp.core.faults import Fault
from handstamp.core.policy import BreachPolicy
from handstamp.login.password.characters import is_usable, normalised

if TYPE_CHECKING:
    import httpx2

BREACHED: Final = "password_breached"

MAX_RESPONSE_BYTES: Final = 1_000_000
"""A padded answer has about 40,000."""
_PREFIX: Final = 5
_LINE: Final = re.compile(r"(?P<suffix>[0-9A-Fa-f]{35}):(?P<count>[0-9]{1,18})")
_OK: Final = 200
_LOG: Final = logging.getLogger("handstamp.password")


class BreachLookup:
    """Asks the service. Where it cannot be asked, a password passes: an outage elsewhere stops nobody here.

    Args:
        policy: Where, and for how long.

    Raises:
        ConfigurationError: httpx2 is not installed.
    """

    def __init__(self, policy: BreachPolicy) -> None:
        self._policy: Final = policy
        self._library: Final = _httpx2()
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._client: Final[httpx2.AsyncClient] = self._library.AsyncClient(
            follow_redirects=False, cookies=no_cookies, timeout=policy.time_limit
        )
        # The client's log has the URL of each request, and this one ends in a part of a hash of a password.
        logging.getLogger("httpx2").addFilter(self._is_not_ours)

    async def faults(self, password: str, *, pointer: str = "/password") -> tuple[Fault, ...]:
        """One fault if the password is known to have leaked, otherwise nothing.

        Args:
            password: One that the rules have accepted.
            pointer: Of the field that it came in.
        """
        if not is_usable(password):
            return ()
        digest = hashlib.sha1(normalised(password).encode(), usedforsecurity=False).hexdigest().upper()
        try:
            async with asyncio.timeout(self._policy.time_limit):
                answer = await self._fetch(digest[:_PREFIX])
            leaked = count_in(answer, digest[_PREFIX:]) > 0
        except (TimeoutError, ValueError, self._library.RequestError, self._library.InvalidURL) as error:
            # The class says enough: the text of some has the URL.
            _LOG.warning(
                "the look-up of leaked passwords failed, a new one passes unchecked: %s", type(error).__name__
            )
            return ()
        if not leaked:
            return ()
        return (
            Fault(BREACHED, "It has leaked from another site. Choose another, and change it there too.", pointer),
        )

    async def close(self) -> None:
        """Close its connections."""
        logging.getLogger("httpx2").removeFilter(self._is_not_ours)
        await self._client.aclose()

    async def _fetch(self, prefix: str) -> str:
        # Only identity: a compressed body could be small on the wire and huge in memory.
        headers = {"add-padding": "true", "accept": "text/plain", "accept-encoding": "identity"}
        async with self._client.stream("GET", self._policy.url + prefix, headers=headers) as response:
            if response.status_code != _OK:
                raise ValueError("another status than 200")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    raise ValueError("too long")
        return body.decode("ascii")

    def _is_not_ours(self, record: logging.LogRecord) -> bool:
        arguments = record.args if isinstance(record.args, tuple) else ()
        return not any(str(argument).startswith(self._policy.url) for argument in arguments)


def count_in(answer: str, suffix: str) -> int:
    """How often a password has leaked.

    Args:
        answer: Lines of ``SUFFIX:COUNT``; those that pad it have the count 0.
        suffix: 35 hexadecimal digits, the hash without what was asked for.

    Raises:
        ValueError: A line is anything else, or there is none: that is no answer of the service.
    """
    lines = answer.split()
    if not lines:
        raise ValueError("empty")
    found = 0
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError("a line is no SUFFIX:COUNT")
        if match["suffix"].upper() == suffix:
            found = max(found, int(match["count"]))
    return found


def _httpx2() -> ModuleType:
    try:
        import httpx2  # noqa: PLC0415  it takes 140 ms: loaded when used
    except ImportError as error:
        raise ConfigurationError('the look-up of leaked passwords needs: pip install "handstamp[breach]"') from error
    return httpx2
