"""The same as express_jwt, with the secret in the form that jsonwebtoken checks fastest."""

from dataclasses import replace
from typing import Final

from bench.contenders.express_jwt import CONTENDER as WITH_STRING
from bench.contending import Contender
from bench.peers import served_by_node

CONTENDER: Final[Contender] = replace(
    WITH_STRING,
    name="Express, jsonwebtoken, key made once",
    setup="The same, but the secret is a KeyObject that is made once: few articles do so.",
    command=served_by_node("express_jwt.mjs", "key-object"),
    quick=False,
)
