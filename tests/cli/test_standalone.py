"""The application that ``handstamp serve`` runs."""

from pathlib import Path

import pytest
from joserfc.jwk import ECKey
from starlette.testclient import TestClient

from command_line import System
from handstamp.auth import Auth
from handstamp.cli.place import Where, secret_in
from handstamp.cli.standalone import configured_auth, standalone
from handstamp.cli.ways import PROVIDERS
from handstamp.core.errors import ConfigurationError
from handstamp.core.ids import new_secret
from handstamp.keeping import kept


def auth_of(
    database: str | None = "memory://",
    *,
    data: Path | None = None,
    origin: str | None = None,
    cookie_prefix: str | None = None,
    port: int = 8000,
) -> Auth:
    """What the options make of it."""
    return configured_auth(Where(database, None, data), origin=origin, cookie_prefix=cookie_prefix, port=port)


def test_whoever_comes_to_the_front_is_shown_the_ways_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those whose client ids are in the environment, and no others."""
    monkeypatch.setenv("HANDSTAMP_X_CLIENT_ID", "client-1")
    monkeypatch.setenv("HANDSTAMP_X_CLIENT_SECRET", "client-secret")
    with TestClient(standalone(auth_of()), base_url="http://127.0.0.1:8000") as browser:
        page = browser.get("/")
        assert page.status_code == 200
        assert page.url.path == "/auth/login"
        assert "/auth/login/x" in page.text
        assert "/auth/login/google" not in page.text


def test_both_providers_can_be_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order in which the page shows them."""
    for name in ("X", "GOOGLE"):
        monkeypatch.setenv(f"HANDSTAMP_{name}_CLIENT_ID", "client-1")
        monkeypatch.setenv(f"HANDSTAMP_{name}_CLIENT_SECRET", "client-secret")
    assert [way.id for way in auth_of().methods] == ["x", "google"]


def test_every_provider_can_be_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its variables alone; the page shows each by its name."""
    for name in PROVIDERS:
        for kind in ("CLIENT_ID", "CLIENT_SECRET") if name != "apple" else ():
            monkeypatch.setenv(f"HANDSTAMP_{name.upper()}_{kind}", "client-1")
    key = ECKey.generate_key("P-256").as_pem(private=True).decode()
    for kind, value in (("CLIENT_ID", "app"), ("TEAM_ID", "T"), ("KEY_ID", "K"), ("PRIVATE_KEY", key)):
        monkeypatch.setenv(f"HANDSTAMP_APPLE_{kind}", value)
    auth = auth_of()
    assert [way.id for way in auth.methods] == list(PROVIDERS)
    with TestClient(standalone(auth), base_url="http://127.0.0.1:8000") as browser:
        page = browser.get("/auth/login").text
    for provider, way in PROVIDERS.items():
        assert f'href="/auth/login/{provider}"' in page
        assert f"Sign in with {way.label}" in page


def test_a_variable_without_a_registration_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a GitLab of their own means to use it."""
    monkeypatch.setenv("HANDSTAMP_GITLAB_URL", "https://git.example")
    with pytest.raises(ConfigurationError, match="set HANDSTAMP_GITLAB_CLIENT_ID"):
        auth_of()


@pytest.mark.parametrize(("given", "missing"), [("CLIENT_ID", "CLIENT_SECRET"), ("CLIENT_SECRET", "CLIENT_ID")])
def test_half_a_registration_is_refused(monkeypatch: pytest.MonkeyPatch, given: str, missing: str) -> None:
    """A provider is not left out in silence."""
    monkeypatch.setenv(f"HANDSTAMP_GOOGLE_{given}", "client-1")
    with pytest.raises(ConfigurationError, match=f"set HANDSTAMP_GOOGLE_{missing}"):
        auth_of()


def test_an_origin_that_is_given_nowhere_is_this_machine_at_the_port() -> None:
    """So that the cross-origin check fits the server that runs."""
    assert auth_of(port=8123).settings.origin == "http://127.0.0.1:8123"


def test_an_origin_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the port; an option comes before it."""
    monkeypatch.setenv("HANDSTAMP_ORIGIN", "http://localhost:9000")
    assert auth_of(port=8123).settings.origin == "http://localhost:9000"
    assert auth_of(origin="http://localhost:9001").settings.origin == "http://localhost:9001"


def test_a_data_folder_brings_its_secret(system: System) -> None:
    """A token that the demo made is good here."""
    secret = kept(secret_in(system.data), new_secret)
    ada = system.user("ada")
    _, token = system.session(ada, settings={"origin": "http://127.0.0.1:8000", "secret": (secret,)})
    auth = auth_of(None, data=system.data, cookie_prefix="")
    with TestClient(standalone(auth), base_url="http://127.0.0.1:8000", cookies={"session": token}) as browser:
        answer = browser.get("/auth/session").json()
    assert answer["authenticated"] is True
    assert answer["user"]["id"] == ada.id


def test_the_cookie_prefix_is_dropped_on_this_machine_only() -> None:
    """Elsewhere the start is refused."""
    assert not auth_of(cookie_prefix="").settings.cookie_prefix
    with pytest.raises(ConfigurationError, match="loopback only"):
        Auth("memory://", origin="https://id.example", secret=(new_secret(),), cookie_prefix="")
