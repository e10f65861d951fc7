"""Somebody without JavaScript who uses the demo: a client that keeps cookies as a browser on loopback does."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx2

from demo_process import Demo

PAGE = {"accept": "text/html"}
SESSION = "__Host-Http-session"


class Visitor:
    """Keeps the cookies of the application by hand: Python's jar drops Secure ones over plain http."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.cookies: dict[str, str] = {}
        self._http = httpx2.Client(timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        at: Demo | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> httpx2.Response:
        """One request to the application, with its cookies, which the answer may change."""
        url = urljoin((at or self.demo).url, path)
        sent = {**(headers or {}), "cookie": self.cookie_header()}
        response = self._http.request(method, url, headers=sent, params=params, json=json)
        for line in response.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            self.cookies.pop(name, None)
            if value and "Max-Age=0" not in line:
                self.cookies[name] = value
        return response

    def cookie_header(self) -> str:
        """The Cookie header as it is now."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def authorize_url(self, provider: str, **query: str) -> str:
        """Begin a sign-in; where the provider asks."""
        response = self.ask("GET", f"/auth/login/{provider}", params=query, headers=PAGE)
        assert response.status_code == 302, response.text
        return str(response.headers["location"])

    def decide(self, url: str, **choice: str) -> str:
        """Choose at the stand-in; the callback that it sends the browser to."""
        page = self._http.get(url)
        assert page.status_code == 200, page.text
        action = re.search(r'<form[^>]*action="([^"]*)"', page.text)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        fields = {name: unescape(value) for name, value in hidden.items()} | choice
        answer = self._http.post(urljoin(url, unescape(action[1])) if action else url, data=fields)
        assert answer.status_code in {302, 303}, answer.text
        return str(answer.headers["location"])

    def come_back(self, callback: str) -> httpx2.Response:
        """Follow the redirect back to the application."""
        parts = urlsplit(callback)
        return self.ask("GET", f"{parts.path}?{parts.query}", headers=PAGE)

    def sign_in(self, provider: str = "x", person: str = "ada", **query: str) -> None:
        """The whole way."""
        response = self.come_back(self.decide(self.authorize_url(provider, **query), person=person))
        assert response.status_code == 303, response.text
        assert SESSION in self.cookies
