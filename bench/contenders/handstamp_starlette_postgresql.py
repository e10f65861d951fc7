"""handstamp on Starlette, PostgreSQL."""

from typing import Final

from bench.contending import Contender
from bench.handstamps import on_starlette

CONTENDER: Final[Contender] = on_starlette("postgresql")
