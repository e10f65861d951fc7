"""A provider that believes what a test says, its server without a network, and a browser that keeps cookies."""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from handstamp.core.errors import LoginFailed
from handstamp.core.ids import new_secret
from handstamp.core.models import Profile
from handstamp.login.oauth.exchange import (
    ACCESS_DENIED,
    INVALID_RESPONSE,
    PROVIDER_ERROR,
    Exchange,
    HTTPRequest,
    require_success,
)
from handstamp.login.oauth.flow import Flow, same
from handstamp.login.oauth.method import OAuthMethod
from handstamp.login.oauth.provider import Begun
from web_world import ORIGIN, PAGE, set_cookies

FLOW = "__Host-Http-flow-"
NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "cross-site"}


class Provider(OAuthMethod):
    """Asks one thing of one endpoint, and believes what the test says."""

    def __init__(self, provider_id: str = "nowhere") -> None:
        self.id = provider_id
        self.label = provider_id.title()
        self.issuer = f"https://{provider_id}.example"
        self.profile = Profile(issuer=self.issuer, subject="1", name="Ada", email="ada@example.com")
        self.finished: list[tuple[Flow, Mapping[str, str]]] = []
        self.begins_with_a_request = False
        self.anew: list[bool] = []

    def begin(self, *, callback_url: str, now: float, anew: bool = False) -> Exchange[Begun]:
        """Out to the provider."""
        self.anew.append(anew)
        if self.begins_with_a_request:
            require_success((yield HTTPRequest("POST", f"{self.issuer}/request-token")), "the request token")
        flow = Flow.start(provider=self.id, issuer=self.issuer, now=now, state=new_secret(), verifier=new_secret())
        query = urlencode({"state": flow.state, "redirect_uri": callback_url})
        return Begun(f"{self.issuer}/authorize?{query}", flow)

    def finish(
        self, flow: Flow, parameters: Mapping[str, str], *, callback_url: str, now: float
    ) -> Exchange[Profile]:
        """Who came back."""
        assert callback_url == f"{ORIGIN}/auth/callback/{self.id}"
        assert same(flow.state, parameters.get("state"))
        self.finished.append((flow, parameters))
        if "error" in parameters:
            denied = parameters["error"] == ACCESS_DENIED
            raise LoginFailed(ACCESS_DENIED if denied else PROVIDER_ERROR, "the provider said no")
        if "code" not in parameters:
            raise LoginFailed(INVALID_RESPONSE, "there is no code")
        require_success((yield HTTPRequest("POST", f"{self.issuer}/token")), "the token endpoint")
        return self.profile


class Endpoint:
    """The provider's server, without a network."""

    def __init__(self) -> None:
        self.status = 200
        self.fault: Exception | None = None
        self.asked = 0

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer, or do not."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        return httpx2.Response(self.status, stream=httpx2.ByteStream(b"{}"))


class Browser:
    """Keeps cookies as a browser does, oldest first."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http
        self.cookies: dict[str, str] = {}

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """Navigate."""
        return await self.ask("GET", path, **headers)

    async def ask(self, method: str, path: str, **headers: str) -> httpx2.Response:
        """One request, whose answer may change the cookies."""
        line = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = PAGE | NAVIGATION | {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.http.request(method, path, headers=sent | ({"cookie": line} if line else {}))
        for one in set_cookies(response):
            name, _, rest = one.partition("=")
            if "Max-Age=0" in one:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = rest.partition(";")[0]
        return response

    async def begin(self, query: str = "", provider: str = "nowhere") -> str:
        """Set out; the state that the provider was given."""
        response = await self.get(f"/auth/login/{provider}{query}")
        assert response.status_code == 302, response.text
        return parse_qs(urlsplit(response.headers["location"]).query)["state"][0]

    async def finish(self, state: str, provider: str = "nowhere", **parameters: str) -> httpx2.Response:
        """Come back."""
        query = urlencode({"state": state, "code": "c0de"} | parameters)
        return await self.get(f"/auth/callback/{provider}?{query}")

    @property
    def flows(self) -> list[str]:
        """The names of the sign-ins under way."""
        return [name for name in self.cookies if name.startswith(FLOW)]
