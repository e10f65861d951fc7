"""An OpenID provider's side, in values: its document, its keys, its ID tokens."""

import json
from typing import Any, Final

from joserfc.jwk import ECKey, OKPKey, RSAKey

from handstamp.core import jws
from handstamp.core.encoding import base64url_encode
from handstamp.core.keys import Key
from login.oauth.exchanges import NOW

ISSUER: Final = "https://idp.example"
CLIENT_ID: Final = "me"
NONCE: Final = "the-nonce"


def document(*, issuer: Any = ISSUER, **members: Any) -> dict[str, Any]:
    """A discovery document, with other or further members as asked for."""
    base = issuer if isinstance(issuer, str) and issuer.startswith("http://localhost") else ISSUER
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{base}/auth",
        "token_endpoint": f"{base}/token",
        "jwks_uri": f"{base}/keys",
        "userinfo_endpoint": f"{base}/me",
        **members,
    }


def _material(algorithm: str) -> ECKey | OKPKey | RSAKey:
    if algorithm == "ES256":
        return ECKey.generate_key("P-256")
    if algorithm in {"EdDSA", "Ed25519"}:
        return OKPKey.generate_key("Ed25519")
    return RSAKey.generate_key(2048)


class SigningKey:
    """A key of the provider: it signs, and publishes its public half."""

    def __init__(self, kid: str, algorithm: str = "ES256") -> None:
        material = _material(algorithm)
        self.key: Final = Key(kid, algorithm, material)
        self.public: Final = {**material.as_dict(private=False), "kid": kid, "alg": algorithm, "use": "sig"}

    def sign(self, claims: Any, **header: Any) -> str:
        """A token with these claims; members of the header can be replaced, or left out by None."""
        members = {"alg": self.key.algorithm, "kid": self.key.kid, **header}
        protected = {name: value for name, value in members.items() if value is not None}
        parts = [base64url_encode(json.dumps(part).encode()) for part in (protected, claims)]
        signing_input = ".".join(parts)
        return f"{signing_input}.{base64url_encode(self.key.sign(signing_input.encode()))}"

    def parsed(self, claims: Any, **header: Any) -> jws.Parsed:
        """The same, taken apart."""
        return jws.parse(self.sign(claims, **header))


def claims(**members: Any) -> dict[str, Any]:
    """The claims of a good ID token; members can be replaced, or left out by the value ``...``."""
    good = {
        "iss": ISSUER,
        "sub": "subject-1",
        "aud": CLIENT_ID,
        "exp": int(NOW) + 300,
        "iat": int(NOW),
        "nonce": NONCE,
        **members,
    }
    return {name: value for name, value in good.items() if value is not ...}
