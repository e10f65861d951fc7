"""Apple's side, as a server: it answers by a form, and takes no secret but one that our key signed."""

import hashlib
import json
from collections import Counter
from html import escape
from typing import Any, Final

from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from handstamp.core import jws
from handstamp.core.encoding import base64url_encode
from handstamp.core.ids import new_secret
from handstamp.core.keys import Key
from handstamp.login.oauth.exchange import parse_form
from login.oauth.openid import SigningKey

TEAM: Final = "TEAM123456"
KEY_ID: Final = "KEY1234567"
CLIENT: Final = "com.example.web"
SUBJECT: Final = "000123.0a1b2c3d4e5f60718293a4b5c6d7e8f9.1234"
SIX_MONTHS: Final = 15_777_000
ADDRESS: Final = "x7k2m9@privaterelay.appleid.com"
CLOSE: Final = {"connection": "close"}
"""So that nobody holds a connection to a server that ends with its test."""


class ProviderApple:
    """One Apple, where one person has an account.

    Args:
        now: The time there, seconds since the epoch.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self.issuer = ""
        """Its origin, once it is served."""
        self.client_key = ECKey.generate_key("P-256")
        """Ours: the public half is what we registered."""
        self.visits = 0
        self.redeemed: Counter[str] = Counter()
        self._key = SigningKey("apple-1", "RS256")
        self._asked: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._document),
                Route("/auth/authorize", self._authorize),
                Route("/auth/token", self._token, methods=["POST"]),
                Route("/auth/keys", self._keys),
                Route("/elsewhere", self._elsewhere),
            ]
        )

    @property
    def private_key(self) -> str:
        """The text of our ``.p8`` file."""
        return str(self.client_key.as_pem(private=True).decode())

    def code_for(self, asked: dict[str, str]) -> str:
        """A code for whoever asked so."""
        code = new_secret()
        self._asked[code] = asked
        return code

    async def _document(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth/authorize",
                "token_endpoint": f"{self.issuer}/auth/token",
                "jwks_uri": f"{self.issuer}/auth/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            },
            headers=CLOSE,
        )

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self._key.public]}, headers=CLOSE)

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert (asked["response_mode"], asked["response_type"]) == ("form_post", "code")
        members = {"state": asked["state"], "code": self.code_for(asked)}
        self.visits += 1
        if self.visits == 1:
            name = {"firstName": "Ada", "lastName": "Lovelace"}
            members["user"] = json.dumps({"name": name, "email": "boss@corp.example"})
        return _form(asked["redirect_uri"], members)

    async def _elsewhere(self, request: Request) -> Response:
        """A page that posts whatever it was given, to wherever: anybody on the web can have one."""
        members = dict(request.query_params)
        return _form(members.pop("to"), members)

    async def _token(self, request: Request) -> Response:
        given = parse_form((await request.body()).decode("ascii"))
        asked = self._asked.get(given["code"], {})
        self.redeemed[given["code"]] += 1
        challenge = base64url_encode(hashlib.sha256(given["code_verifier"].encode()).digest())
        if (
            not self._is_good(given["client_secret"])
            or self.redeemed[given["code"]] > 1
            or (given["client_id"], given["redirect_uri"]) != (CLIENT, asked.get("redirect_uri"))
            or challenge != asked.get("code_challenge")
        ):
            return JSONResponse({"error": "invalid_grant"}, 400, CLOSE)
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": SUBJECT,
            "iat": int(self.now),
            "exp": int(self.now) + 86_400,
            "nonce": asked["nonce"],
            "email": ADDRESS,
            "email_verified": "true",
            "is_private_email": "true",
        }
        tokens = {"access_token": "at", "token_type": "Bearer", "id_token": self._key.sign(claims)}
        return JSONResponse(tokens, headers=CLOSE)

    def _is_good(self, client_secret: str) -> bool:
        public = Key(KEY_ID, "ES256", ECKey.import_key(self.client_key.as_dict(private=False)))
        parsed = jws.parse(client_secret)
        said = jws.claims(jws.verify_parsed(parsed, public, typ="JWT"))
        return (parsed.kid, said["iss"], said["aud"], said["sub"]) == (KEY_ID, TEAM, self.issuer, CLIENT) and said[
            "iat"
        ] <= self.now < said["exp"] <= self.now + SIX_MONTHS


def _form(target: str, members: dict[str, str]) -> Response:
    fields = "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in members.items())
    return HTMLResponse(
        f'<!doctype html><title>Elsewhere</title><form method="post" action="{escape(target)}">{fields}'
        "<button>Continue</button></form>"
    )
