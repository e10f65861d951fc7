"""handstamp on Starlette, MongoDB's protocol, spoken by an emulator."""

from typing import Final

from bench.contending import Contender
from bench.handstamps import on_starlette

CONTENDER: Final[Contender] = on_starlette("mongodb")
