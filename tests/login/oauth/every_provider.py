"""Every provider with what it answers: the shapes are those of its documentation, the people are made up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc.jwk import ECKey

from handstamp.core.errors import LoginFailed
from handstamp.core.models import Profile
from handstamp.login.oauth import Apple, Discord, Facebook, GitHub, GitLab, Google, Microsoft, X
from handstamp.login.oauth.exchange import HTTPRequest, HTTPResponse
from handstamp.login.oauth.flow import Flow
from handstamp.login.oauth.provider import Provider
from login.oauth.exchanges import NOW, answer, drive, refused, yield_all
from login.oauth.openid import SigningKey, claims, document

KEY: Final = SigningKey("k1", "RS256")
CLIENT: Final = "me"
TEAM, KEY_ID = "TEAM123456", "KEY1234567"
APPLE_KEY: Final = ECKey.generate_key("P-256")
APPLE_PEM: Final = APPLE_KEY.as_pem(private=True).decode()
TENANT: Final = "11111111-2222-4333-8444-555555555555"
TENANT_ISSUER: Final = f"https://login.microsoftonline.com/{TENANT}/v2.0"

BEARER: Final = {"access_token": "at-secret", "token_type": "bearer", "scope": "some"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A provider, and how it answers about somebody."""

    make: Callable[[], Provider]
    account: Mapping[str, Any]
    """What it says of the person: to be changed by tests."""
    profile: Profile
    """What we make of it."""
    responses: Callable[[dict[str, Any], Flow], list[HTTPResponse]]
    """To the requests of ``finish``, in their order."""
    subject: str
    email: str = "email"
    verified: str | None = None
    """The member that says whether the address is verified."""
    opening: tuple[HTTPResponse, ...] = ()
    """To the requests of ``begin``."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """What a callback has beside state and code."""

    @property
    def callback(self) -> str:
        """Where it sends people back to."""
        return f"https://app.example/auth/callback/{self.make().id}"

    def begin(self) -> tuple[Provider, Flow, str]:
        """A sign-in under way: at whom, its flow, and where the browser goes."""
        provider = self.make()
        begun, _ = drive(provider.begin(callback_url=self.callback, now=NOW), *self.opening)
        return provider, begun.flow, begun.url

    def good(self, flow: Flow, **more: str) -> dict[str, str]:
        """The parameters of the callback of a flow."""
        return {"state": flow.state or "", "code": "c0de", **self.parameters, **more}

    def finish(self, **members: Any) -> tuple[Profile, list[HTTPRequest]]:
        """Who signed in, if the provider says so; ``...`` leaves a member out."""
        provider, flow, _ = self.begin()
        exchange = provider.finish(flow, self.good(flow), callback_url=self.callback, now=NOW)
        return drive(exchange, *self.responses(self.said(**members), flow))

    def said(self, **members: Any) -> dict[str, Any]:
        """What the provider says, with members replaced or left out."""
        return {name: value for name, value in {**self.account, **members}.items() if value is not ...}

    def refused(self, **members: Any) -> str:
        """The reason for which this is no sign-in, after some of the requests."""
        provider, flow, _ = self.begin()
        exchange = provider.finish(flow, self.good(flow), callback_url=self.callback, now=NOW)
        return reason_of(exchange, self.responses(self.said(**members), flow))

    def refused_callback(self, parameters: Callable[[Flow], dict[str, str]]) -> str:
        """The reason for which this callback is none, before any request."""
        provider, flow, _ = self.begin()
        return refused(provider.finish(flow, parameters(flow), callback_url=self.callback, now=NOW))


def reason_of(exchange: Any, responses: list[HTTPResponse]) -> str:
    """Why an exchange fails, wherever that is."""
    try:
        yield_all(exchange, responses, [])
    except LoginFailed as error:
        return error.reason
    raise AssertionError("it was a sign-in")


def signed(account: Mapping[str, Any], flow: Flow, **members: Any) -> HTTPResponse:
    """A token response with an ID token that says all this."""
    token = KEY.sign(claims(**{"aud": CLIENT, "nonce": flow.nonce, "sub": ..., **members, **account}))
    return answer({"access_token": "at-secret", "token_type": "Bearer", "expires_in": 3600, "id_token": token})


def keys(**members: Any) -> HTTPResponse:
    """The provider's keys; Microsoft's say whose they are, and no algorithm."""
    entry = {**KEY.public, **members}
    return answer({"keys": [{name: value for name, value in entry.items() if value is not ...}]})


def github(account: dict[str, Any], _: Flow) -> list[HTTPResponse]:
    """A token, the account, the list of addresses."""
    address = {"email": account.pop("email", ...), "verified": account.pop("verified", ...), "primary": True}
    entry = {name: value for name, value in address.items() if value is not ...} | {"visibility": "private"}
    other = {"email": "old@mail.example", "verified": True, "primary": False, "visibility": None}
    return [answer(BEARER), answer({**account, "email": "shown@mail.example"}), answer([other, entry])]


CASES: Final[dict[str, Case]] = {
    "x": Case(
        make=lambda: X(client_id=CLIENT, client_secret="s3cret", email=True),
        account={
            "id": "42",
            "name": "Ada",
            "username": "ada",
            "profile_image_url": "https://pbs.example/a.jpg",
            "confirmed_email": "ada@mail.example",
        },
        profile=Profile(
            issuer="https://x.com",
            subject="42",
            email="ada@mail.example",
            email_verified=True,
            name="Ada",
            username="ada",
            picture="https://pbs.example/a.jpg",
        ),
        responses=lambda account, _: [answer(BEARER), answer({"data": account})],
        subject="id",
        email="confirmed_email",
    ),
    "google": Case(
        make=lambda: Google(CLIENT, "s3cret"),
        account={"sub": "108", "email": "ada@gmail.example", "email_verified": True, "name": "Ada"},
        profile=Profile(
            issuer="https://accounts.google.com",
            subject="108",
            email="ada@gmail.example",
            email_verified=True,
            name="Ada",
        ),
        opening=(answer(document(issuer="https://accounts.google.com")),),
        responses=lambda account, flow: [
            signed({"name": "Ada", **account}, flow, iss="https://accounts.google.com"),
            keys(),
            *([] if "email" in account else [answer({"sub": "108"})]),
        ],
        subject="sub",
        verified="email_verified",
    ),
    "apple": Case(
        make=lambda: Apple(CLIENT, TEAM, KEY_ID, APPLE_PEM),
        account={
            "sub": "000123.0a1b2c3d4e5f60718293a4b5c6d7e8f9.1234",
            "email": "x7k2m9@privaterelay.appleid.com",
            "email_verified": "true",
            "is_private_email": "true",
            "nonce_supported": True,
            "auth_time": int(NOW),
        },
        profile=Profile(
            issuer="https://appleid.apple.com",
            subject="000123.0a1b2c3d4e5f60718293a4b5c6d7e8f9.1234",
            email="x7k2m9@privaterelay.appleid.com",
            email_verified=True,
            name="Ada Lovelace",
        ),
        opening=(
            answer(
                {
                    "issuer": "https://appleid.apple.com",
                    "authorization_endpoint": "https://appleid.apple.com/auth/authorize",
                    "token_endpoint": "https://appleid.apple.com/auth/token",
                    "jwks_uri": "https://appleid.apple.com/auth/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            ),
        ),
        parameters={"user": '{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"else@mail.example"}'},
        responses=lambda account, flow: [signed(account, flow, iss="https://appleid.apple.com"), keys()],
        subject="sub",
        verified="email_verified",
    ),
    "microsoft": Case(
        make=lambda: Microsoft(CLIENT, "s3cret"),
        account={
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "oid": "00000000-0000-0000-66f3-3332eca7ea81",
            "tid": TENANT,
            "ver": "2.0",
            "email": "ada@corp.example",
            "xms_edov": True,
            "name": "Ada",
            "preferred_username": "ada@corp.example",
        },
        profile=Profile(
            issuer=TENANT_ISSUER,
            subject="AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            email="ada@corp.example",
            email_verified=True,
            name="Ada",
            username="ada@corp.example",
        ),
        opening=(answer(document(issuer="https://login.microsoftonline.com/{tenantid}/v2.0")),),
        responses=lambda account, flow: [
            signed(account, flow, iss=TENANT_ISSUER),
            keys(alg=..., issuer="https://login.microsoftonline.com/{tenantid}/v2.0", x5t="k1", x5c=["MIIC"]),
        ],
        subject="sub",
        verified="xms_edov",
    ),
    "facebook": Case(
        make=lambda: Facebook(CLIENT, "s3cret"),
        account={
            "id": "10220000000000001",
            "name": "Ada",
            "email": "ada@mail.example",
            "picture": {
                "data": {
                    "height": 200,
                    "is_silhouette": False,
                    "url": "https://pic.example/a?ext=1",
                    "width": 200,
                }
            },
        },
        profile=Profile(
            issuer="https://www.facebook.com",
            subject="10220000000000001",
            email="ada@mail.example",
            email_verified=False,
            name="Ada",
            picture="https://pic.example/a?ext=1",
        ),
        responses=lambda account, _: [answer(BEARER), answer(account)],
        subject="id",
    ),
    "github": Case(
        make=lambda: GitHub(CLIENT, "s3cret"),
        account={
            "login": "ada",
            "id": 583231,
            "node_id": "MDQ6VXNlcjU4MzIzMQ==",
            "avatar_url": "https://avatars.example/u/583231?v=4",
            "type": "User",
            "name": "Ada",
            "email": "ada@mail.example",
            "verified": True,
        },
        profile=Profile(
            issuer="https://github.com/login/oauth",
            subject="583231",
            email="ada@mail.example",
            email_verified=True,
            name="Ada",
            username="ada",
            picture="https://avatars.example/u/583231?v=4",
        ),
        responses=github,
        subject="id",
        verified="verified",
        parameters={"iss": "https://github.com/login/oauth"},
    ),
    "gitlab": Case(
        make=lambda: GitLab(CLIENT, "s3cret"),
        account={
            "sub": "574",
            "sub_legacy": "90c0ba55",
            "name": "Ada",
            "nickname": "ada",
            "preferred_username": "ada",
            "email": "ada@mail.example",
            "email_verified": True,
            "picture": "https://gitlab.example/avatar.png",
        },
        profile=Profile(
            issuer="https://gitlab.com",
            subject="574",
            email="ada@mail.example",
            email_verified=True,
            name="Ada",
            username="ada",
            picture="https://gitlab.example/avatar.png",
        ),
        opening=(answer(document(issuer="https://gitlab.com")),),
        responses=lambda account, flow: [
            signed({"sub": account.get("sub", ...)}, flow, iss="https://gitlab.com"),
            keys(),
            answer(account),
        ],
        subject="sub",
        verified="email_verified",
    ),
    "discord": Case(
        make=lambda: Discord(CLIENT, "s3cret"),
        account={
            "id": "80351110224678912",
            "username": "ada",
            "discriminator": "0",
            "global_name": "Ada",
            "avatar": "a_8342729096ea3675442027381ff50dfe",
            "verified": True,
            "email": "ada@mail.example",
        },
        profile=Profile(
            issuer="https://discord.com",
            subject="80351110224678912",
            email="ada@mail.example",
            email_verified=True,
            name="Ada",
            username="ada",
            picture="https://cdn.discordapp.com/avatars/80351110224678912/a_8342729096ea3675442027381ff50dfe.png",
        ),
        responses=lambda account, _: [answer(BEARER), answer(account)],
        subject="id",
        verified="verified",
    ),
}
