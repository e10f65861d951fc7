"""A process that asks for a token of a provider, many callers at once, and says what they got.

Arguments: the database, the issuer, the user, the access token that was refused, and seconds since the epoch at which
all begin.
"""

import asyncio
import sys

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.login.oauth import OpenIDConnect

CALLERS = 20


async def main() -> None:
    """Ask, and say."""
    database, issuer, user_id, refused, begin = sys.argv[1:]
    way = OpenIDConnect("idp", issuer, "Mine", client_id="offline", client_secret="offline-secret", keep_tokens=True)
    auth = Auth(database, methods=[way], secret=SECRET)
    await auth.open()
    await asyncio.sleep(max(0.0, float(begin) - auth.clock()))
    tokens = await asyncio.gather(*(auth.vault.token(user_id, "idp", refused=refused) for _ in range(CALLERS)))
    await auth.close()
    sys.stdout.write("\n".join(tokens))


if __name__ == "__main__":
    asyncio.run(main())
