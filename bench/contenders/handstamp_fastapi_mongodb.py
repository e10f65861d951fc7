"""handstamp on FastAPI, MongoDB's protocol, spoken by an emulator."""

from typing import Final

from bench.contending import Contender
from bench.handstamps import on_fastapi

CONTENDER: Final[Contender] = on_fastapi("mongodb")
