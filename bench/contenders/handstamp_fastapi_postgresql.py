"""handstamp on FastAPI, PostgreSQL."""

from typing import Final

from bench.contending import Contender
from bench.handstamps import on_fastapi

CONTENDER: Final[Contender] = on_fastapi("postgresql")
