"""A browser at a provider that others wrote."""

from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

import httpx2

from handstamp.core.models import Profile
from handstamp.login.oauth.client import perform
from handstamp.login.oauth.flow import Flow, callback_parameters, cookie_key_of
from handstamp.login.oauth.provider import Provider


class Visit:
    """A browser at a provider: follows its redirects with its cookies until it is sent back to us."""

    def __init__(self, provider: Provider, callback_url: str, now: float) -> None:
        self.provider = provider
        self.callback_url = callback_url
        self.now = now

    async def begin(self, client: httpx2.AsyncClient) -> tuple[str, Flow]:
        """Where to go, and the flow, through the bytes in which it is kept."""
        begun = await perform(self.provider.begin(callback_url=self.callback_url, now=self.now), client)
        return begun.url, Flow.from_bytes(begun.flow.to_bytes())

    async def browse(self, url: str, **more: str) -> dict[str, str]:
        """The parameters with which the browser comes back."""
        async with httpx2.AsyncClient(follow_redirects=False) as browser:
            for _ in range(20):
                response = await browser.get(url, params={**query_of(url), **more})
                assert response.is_redirect, response.text
                url = str(httpx2.URL(url).join(response.headers["location"]))
                more = {}
                if url.startswith(self.callback_url):
                    return callback_parameters(urlsplit(url).query)
        raise AssertionError("the provider sends the browser in circles")

    async def finish(self, client: httpx2.AsyncClient, flow: Flow, parameters: dict[str, str]) -> Profile:
        """Who came back; the cookie is found by what the callback says."""
        assert cookie_key_of(parameters) == flow.cookie_key
        exchange = self.provider.finish(flow, parameters, callback_url=self.callback_url, now=self.now)
        return await perform(exchange, client)

    async def sign_in(self, client: httpx2.AsyncClient, **more: str) -> Profile:
        """The whole way."""
        url, flow = await self.begin(client)
        return await self.finish(client, flow, await self.browse(url, **more))


def query_of(url: str) -> dict[str, str]:
    """The parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def time_of(response: httpx2.Response) -> float:
    """What time it is there, in seconds since the epoch."""
    return parsedate_to_datetime(response.headers["date"]).timestamp()
