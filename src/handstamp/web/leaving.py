"""What goes with the last session of somebody who signs out."""

import logging
from typing import Final

from handstamp.core.errors import StoreUnavailable
from handstamp.web.host import Services

_LOG: Final = logging.getLogger("handstamp.vault")


async def left(services: Services, user_id: str, *, now: float) -> None:
    """Have the tokens of providers erased that are kept of a user who has signed out, where no session is left.

    Whoever has signed out is signed out: where the store is gone in between, the tokens stay, and the log says so.
    """
    if not services.vault.keeps_tokens:
        return
    try:
        if not await services.sessions.list(user_id, now=now):
            await services.vault.signed_out(user_id)
    except StoreUnavailable:
        _LOG.warning("the tokens of a user who signed out could not be erased: the store cannot be asked")
