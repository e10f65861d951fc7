"""A process that has a mail to send, and runs until it is killed.

``python mail_process.py DATABASE MAIL_URL SECRET``
"""

import asyncio
import sys

from handstamp.auth import Auth
from handstamp.testing import NOW


async def main(database: str, mail_url: str, secret: str) -> None:
    """Queue it, and send it in the background."""
    auth = Auth(database, mail_url=mail_url, secret=secret, origin="http://localhost:8000", clock=lambda: NOW)
    services = await auth.open()
    await services.mail.send("password_changed", "ada@example.org", language="en", now=NOW)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
