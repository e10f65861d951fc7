"""Apple, by OpenID Connect with a secret that is signed anew for each sign-in, and an answer by form.

https://developer.apple.com/documentation/signinwithapplerestapi
https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from handstamp.core import jws
from handstamp.core.encoding import json_object
from handstamp.core.errors import ConfigurationError, InvalidKey
from handstamp.core.keys import Key
from handstamp.core.models import Profile
from handstamp.login.oauth import oauth2
from handstamp.login.oauth.openid_connect import OpenIDConnect
from handstamp.login.oauth.profile_map import ProfileMap
from handstamp.login.oauth.provider import read_required

ISSUER: Final = "https://appleid.apple.com"
SECRET_LIFETIME: Final = 300
"""Seconds. Apple takes up to six months; a secret that somebody copies should be worth little."""


def _verified(claims: Mapping[str, Any]) -> object:
    """Apple writes it as a string or as a boolean. It proves each address, and runs the relayed ones itself."""
    said = claims.get("email_verified")
    return said is True or said == "true"


class Apple(OpenIDConnect):
    """Sign-in with Apple. Its people may hide their address behind one that Apple relays: that is verified too.

    Apple takes no callback on this machine: ``origin`` has to be https with a name.

    Args:
        client_id: The Services ID, else ``HANDSTAMP_APPLE_CLIENT_ID``.
        team_id: Else ``HANDSTAMP_APPLE_TEAM_ID``.
        key_id: Else ``HANDSTAMP_APPLE_KEY_ID``.
        private_key: The text of the key's ``.p8`` file, else ``HANDSTAMP_APPLE_PRIVATE_KEY``, where
            each line break may be written as a backslash and an n.
        issuer: For stand-ins.
        keep_tokens: Whether the tokens are kept, for ``auth.vault``, to be revoked when an account is deleted.

    Raises:
        ConfigurationError: One of them is missing, or the key is no private key on P-256.
    """

    id = "apple"
    label = "Apple"
    _offline_scopes = ()  # it gives a refresh token unasked
    _offline_parameters: ClassVar[Mapping[str, str]] = {}
    _says_when = False

    def __init__(
        self,
        client_id: str | None = None,
        team_id: str | None = None,
        key_id: str | None = None,
        private_key: str | None = None,
        *,
        issuer: str = ISSUER,
        keep_tokens: bool = False,
    ) -> None:
        found = read_required(self.id, client_id=client_id, team_id=team_id, key_id=key_id, private_key=private_key)
        self._team_id: Final = found["team_id"]
        self._secret_key: Final = _signing_key(found["key_id"], found["private_key"])
        super().__init__(
            self.id,
            issuer,
            self.label,
            client_id=found["client_id"],
            public_client=True,
            keep_tokens=keep_tokens,
            scope="openid name email",
            profile_map=ProfileMap(username=None, picture=None, verified=_verified),
            response_mode="form_post",  # the only one that Apple knows where a name or an address is asked for
        )

    def _registration(self, now: float) -> oauth2.Client:
        claims = {
            "iss": self._team_id,
            "iat": int(now),
            "exp": int(now) + SECRET_LIFETIME,
            "aud": self.issuer,
            "sub": self._client.id,
        }
        return replace(self._client, secret=jws.sign(claims, self._secret_key, typ="JWT"))

    def _profile(self, claims: dict[str, Any], parameters: Mapping[str, str]) -> Profile:
        """With the name, which comes beside the code, and only when somebody signs in for the first time.

        It is signed by nobody, so the person can choose it; the address that stands beside it is not looked at.
        """
        return super()._profile({**claims, "name": _name(parameters.get("user", ""))}, parameters)


def _name(user: str) -> str | None:
    try:
        name = json_object(user.encode()).get("name")
    except ValueError:
        return None
    if not isinstance(name, dict):
        return None
    parts = (name.get("firstName"), name.get("lastName"))
    return " ".join(part for part in parts if isinstance(part, str)) or None


def _signing_key(key_id: str, private_key: str) -> Key:
    try:
        # Variables in files have one line: there a line break is written as two characters.
        key = Key(key_id, "ES256", ECKey.import_key(private_key.replace("\\n", "\n")))
        key.sign(b"")  # a public key is found out at the start
    except (JoseError, InvalidKey, ValueError) as error:
        raise ConfigurationError(
            "apple: the private key is the text of the .p8 file, from -----BEGIN PRIVATE KEY----- on"
        ) from error
    return key
