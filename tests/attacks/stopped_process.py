"""A process that says, for each line that it reads, whether it would let a token in from memory.

It reads in callbacks, so that what arrives while it stands still is answered in the first turn of its event loop.
"""

import asyncio
import sys
import time
from typing import Any

from handstamp.auth import Auth


async def main(token: bytes, **settings: Any) -> None:
    """Say "ready" when memory has the answer, then ``yes`` or ``no`` for each line."""
    auth = Auth(**settings)
    check = (await auth.open()).check
    while check.find(token, time.time()) is None:  # noqa: TID251  as Auth has it
        await check.authenticate(token, now=time.time())  # noqa: TID251  as Auth has it
        await asyncio.sleep(0.05)
    over = asyncio.Event()

    def asked() -> None:
        if sys.stdin.readline():
            sys.stdout.write("no\n" if check.find(token, time.time()) is None else "yes\n")  # noqa: TID251  as above
            sys.stdout.flush()
        else:
            over.set()

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    asyncio.get_running_loop().add_reader(sys.stdin, asked)
    await over.wait()
    await auth.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1].encode(), **dict(word.split("=", 1) for word in sys.argv[2:])))
