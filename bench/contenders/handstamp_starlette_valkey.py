"""handstamp on Starlette, sessions in Valkey."""

from typing import Final

from bench.contending import Contender
from bench.handstamps import on_starlette

CONTENDER: Final[Contender] = on_starlette("valkey")
