"""Client ids and secrets, from arguments and environment."""

import subprocess
import sys
from typing import Any

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.login.oauth import Google, OpenIDConnect, X
from handstamp.login.oauth.method import variable_prefix
from handstamp.login.oauth.oauth2 import Client
from handstamp.login.oauth.settings import SECTIONS, read, read_client, section
from handstamp.settings import load_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider_id in ("x", "google", "my-idp"):
        for name in ("CLIENT_ID", "CLIENT_SECRET"):
            monkeypatch.delenv(variable_prefix(provider_id) + name, raising=False)


def _read(provider_id: str = "x", **arguments: Any) -> Client:
    defaults: dict[str, Any] = {"client_id": None, "client_secret": None, "public_client": False}
    return read_client(provider_id, **(defaults | arguments))


def test_the_environment_names_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """``HANDSTAMP_<PROVIDER>_CLIENT_ID``."""
    monkeypatch.setenv("HANDSTAMP_MY_IDP_CLIENT_ID", "me")
    monkeypatch.setenv("HANDSTAMP_MY_IDP_CLIENT_SECRET", "s3cret")
    assert _read("my-idp") == Client("me", "s3cret")


def test_arguments_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself."""
    monkeypatch.setenv("HANDSTAMP_X_CLIENT_ID", "environment")
    monkeypatch.setenv("HANDSTAMP_X_CLIENT_SECRET", "environment")
    assert _read(client_id="me") == Client("me", "environment")
    assert _read(client_secret="s3cret") == Client("environment", "s3cret")


@pytest.mark.parametrize(
    ("arguments", "variable"),
    [
        ({}, "HANDSTAMP_X_CLIENT_ID"),
        ({"client_secret": "s"}, "HANDSTAMP_X_CLIENT_ID"),
        ({"client_id": "me"}, "HANDSTAMP_X_CLIENT_SECRET"),
        ({"client_id": "me", "client_secret": ""}, "HANDSTAMP_X_CLIENT_SECRET"),
        ({"public_client": True}, "HANDSTAMP_X_CLIENT_ID"),
    ],
)
def test_what_is_missing_is_named(arguments: dict[str, Any], variable: str) -> None:
    """The message says which variable to set."""
    with pytest.raises(ConfigurationError, match=variable):
        _read(**arguments)


def test_an_empty_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose files leave them."""
    monkeypatch.setenv("HANDSTAMP_X_CLIENT_ID", "")
    with pytest.raises(ConfigurationError, match="HANDSTAMP_X_CLIENT_ID"):
        _read(client_secret="s")


def test_a_public_client_has_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's is not looked at; one that is given is a contradiction."""
    monkeypatch.setenv("HANDSTAMP_X_CLIENT_SECRET", "environment")
    assert _read(client_id="me", public_client=True) == Client("me")
    with pytest.raises(ConfigurationError, match="public client"):
        _read(client_id="me", client_secret="s", public_client=True)


def test_whatever_is_set_of_a_provider_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments before environment, secrets in clear, nothing that is empty."""
    monkeypatch.setenv("HANDSTAMP_MICROSOFT_CLIENT_ID", "environment")
    monkeypatch.setenv("HANDSTAMP_MICROSOFT_CLIENT_SECRET", "s3cret")
    monkeypatch.setenv("HANDSTAMP_MICROSOFT_TENANT", "")
    found = {"client_id": "environment", "client_secret": "s3cret"}
    assert read("microsoft") == found
    assert read("microsoft", tenant="common", client_id="me") == found | {"tenant": "common", "client_id": "me"}


def test_every_variable_of_a_provider_may_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """None stops the start as one that nothing reads."""
    for provider_id, kind in SECTIONS.items():
        for name in kind.model_fields:
            monkeypatch.setenv(f"{variable_prefix(provider_id)}{name.upper()}", "https://set.example")
    assert load_settings().app_name == "handstamp"
    monkeypatch.setenv("HANDSTAMP_GITLAB_TENANT", "x")
    with pytest.raises(ConfigurationError, match="nothing reads HANDSTAMP_GITLAB_TENANT"):
        load_settings()


def test_no_secret_is_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of settings or provider."""
    monkeypatch.setenv("HANDSTAMP_X_CLIENT_ID", "me")
    monkeypatch.setenv("HANDSTAMP_X_CLIENT_SECRET", "s3cret")
    assert "s3cret" not in repr(section("x")())
    assert "s3cret" not in repr(X())
    assert "s3cret" not in repr(vars(X("1.0a")))


def test_providers_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the code has no secret in it."""
    for prefix in ("X", "GOOGLE", "MY_IDP"):
        monkeypatch.setenv(f"HANDSTAMP_{prefix}_CLIENT_ID", "me")
        monkeypatch.setenv(f"HANDSTAMP_{prefix}_CLIENT_SECRET", "s3cret")
    ids = [provider.id for provider in (X(), Google(), OpenIDConnect("my-idp", "https://idp.example", "Mine"))]
    assert ids == ["x", "google", "my-idp"]


@pytest.mark.parametrize("name", ["pydantic_settings", "httpx2", "authlib", "oauthlib"])
def test_what_is_slow_to_import_is_imported_when_used(name: str) -> None:
    """Importing the providers loads none of it."""
    program = f"import sys, handstamp.login.oauth; sys.exit({name!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
