"""Microsoft: Entra ID for work and school, and personal accounts.

https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc
https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference
https://learn.microsoft.com/en-us/entra/identity-platform/claims-validation
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from handstamp.core import jws
from handstamp.core.errors import ConfigurationError, InvalidToken, LoginFailed
from handstamp.core.models import Profile
from handstamp.login.oauth.exchange import INVALID_RESPONSE, Exchange
from handstamp.login.oauth.flow import Flow
from handstamp.login.oauth.openid_connect import OpenIDConnect
from handstamp.login.oauth.profile_map import ProfileMap
from handstamp.login.oauth.provider import read_option

_HOST: Final = "https://login.microsoftonline.com"
_PLACEHOLDER: Final = "{tenantid}"
_ANYONE: Final = f"{_HOST}/{_PLACEHOLDER}/v2.0"
"""What the documents for many tenants say as their issuer, braces and all."""
_PERSONAL: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of all personal accounts."""
_TENANT: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TENANTS: Final = {"common": _PLACEHOLDER, "organizations": _PLACEHOLDER, "consumers": _PERSONAL}


def _verified(claims: Mapping[str, Any]) -> object:
    """Whether the owner of the address's domain answers for it (the optional claim ``xms_edov``).

    Without it an address is whatever an administrator of any tenant typed in: accounts were taken over by that.
    """
    said = claims.get("xms_edov")
    return said is True or said in ("1", "true")  # all three are seen in tokens


class Microsoft(OpenIDConnect):
    """Sign-in with Microsoft. An address counts as verified only by ``xms_edov``, to be asked for at registration.

    The issuer of an identity is that of the person's tenant, and ``sub`` the subject: lasting, and scoped to our
    registration, so that with another one everybody is somebody else.

    Args:
        client_id: The application (client) id, else ``HANDSTAMP_MICROSOFT_CLIENT_ID``.
        client_secret: Else ``HANDSTAMP_MICROSOFT_CLIENT_SECRET``.
        tenant: Whose people may come, else ``HANDSTAMP_MICROSOFT_TENANT``, else ``common``: a tenant's id, or
            ``organizations`` for every tenant, ``consumers`` for personal accounts, ``common`` for both.
        keep_tokens: Whether the tokens are kept, for ``auth.vault``.
        scopes: What the application wants to do besides signing people in.

    Raises:
        ConfigurationError: A client id or secret is missing, or the tenant is neither an id nor one of the words.
    """

    id = "microsoft"
    label = "Microsoft"
    _offline_parameters: ClassVar[Mapping[str, str]] = {}  # the scope is enough
    _says_when = False

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        tenant: str | None = None,
        keep_tokens: bool = False,
        scopes: Sequence[str] = (),
    ) -> None:
        tenant = (read_option(self.id, "tenant", tenant) or "common").lower()
        if tenant not in _TENANTS and not _TENANT.fullmatch(tenant):
            raise ConfigurationError(f"microsoft: a tenant is an id, or one of {', '.join(_TENANTS)}: not {tenant!r}")
        self._tenant: Final = tenant
        super().__init__(
            self.id,
            f"{_HOST}/{_TENANTS.get(tenant, tenant)}/v2.0",
            self.label,
            client_id=client_id,
            client_secret=client_secret,
            keep_tokens=keep_tokens,
            scopes=scopes,
            metadata_url=f"{_HOST}/{tenant}/v2.0/.well-known/openid-configuration",
            profile_map=ProfileMap(verified=_verified),
            asks_userinfo=False,  # it says nothing that the ID token does not, and belongs to another API
        )

    def speaks_for(self, issuer: str) -> bool:
        """Whether identities of this issuer are its people's: of its tenant, or of any."""
        tenant = issuer.removeprefix(f"{_HOST}/").removesuffix("/v2.0")
        return issuer == self.issuer or (
            self.issuer == _ANYONE and bool(_TENANT.fullmatch(tenant)) and issuer == _issuer(_ANYONE, tenant)
        )

    def finish(
        self, flow: Flow, parameters: Mapping[str, str], *, callback_url: str, now: float
    ) -> Exchange[Profile]:
        """Find out who came back; see ``Provider``. A tenant that a callback names has to be the person's."""
        stated = parameters.get("iss", "")
        tenant = stated.removeprefix(f"{_HOST}/").removesuffix("/v2.0")
        named = _TENANT.fullmatch(tenant) is not None and stated == _issuer(_ANYONE, tenant)
        if self.issuer == _ANYONE and named:
            parameters = {**parameters, "iss": self.issuer}
        profile = yield from super().finish(flow, parameters, callback_url=callback_url, now=now)
        if named and stated != profile.issuer:
            raise LoginFailed(INVALID_RESPONSE, "the callback comes from another tenant than the ID token")
        return profile

    def _issuer_of(self, parsed: jws.Parsed) -> str:
        """The tenant's, as the token claims it; the token must be signed with a key that speaks for that tenant.

        One set has the keys for all tenants and those for personal accounts. A key of the latter must not vouch for
        the former: one was stolen once, and opened the mail of governments.
        """
        try:
            tenant = jws.claims(parsed.payload).get("tid")
        except InvalidToken as error:
            raise LoginFailed(INVALID_RESPONSE, f"the ID token cannot be read: {error}") from error
        if not isinstance(tenant, str) or not _TENANT.fullmatch(tenant):
            raise LoginFailed(INVALID_RESPONSE, "the ID token names no tenant")
        issuer = _issuer(_ANYONE, tenant)
        if self.issuer not in {_ANYONE, issuer} or (self._tenant == "organizations" and tenant == _PERSONAL):
            raise LoginFailed(INVALID_RESPONSE, "the ID token is of a tenant whose people may not come")
        signer = self._discovery.key_issuer(parsed.kid)
        if signer is not None and (not isinstance(signer, str) or _issuer(signer, tenant) != issuer):
            raise LoginFailed(INVALID_RESPONSE, "the ID token is signed with the key of another issuer")
        return issuer


def _issuer(template: str, tenant: str) -> str:
    return template.replace(_PLACEHOLDER, tenant)
