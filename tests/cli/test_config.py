"""Settings on the command line."""

import json
from pathlib import Path

import pytest

from command_line import run
from handstamp.cli.ways import PROVIDERS
from handstamp.settings import Settings

SECRET = "v8Kq2mZr7LwXc4TnYp9HsJd3Fg6BaEuN5RtWiQoVxCk"


def shown() -> dict[str, dict[str, str]]:
    """What ``config show`` says, by setting."""
    return {one["name"]: one for one in json.loads(run("config", "show", "--json").stdout)}


def test_every_setting_is_shown_with_what_it_does() -> None:
    """Those of handstamp, and those of the ways in that need no code."""
    knobs = shown()
    assert knobs.keys() >= {*Settings.model_fields, "x_client_id", "google_client_secret"}
    assert [name for name, knob in knobs.items() if not knob["description"]] == []
    assert knobs["idle_timeout"]["value"] == "7d"
    assert knobs["idle_timeout"]["source"] == "default"


def test_a_setting_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment comes before the file, that before the default."""
    file = tmp_path / "handstamp.toml"
    file.write_text('idle_timeout = "3d"\ngrace = 60\ntrusted_origins = ["https://b.example", "https://a.example"]\n')
    monkeypatch.setenv("HANDSTAMP_CONFIG", str(file))
    monkeypatch.setenv("HANDSTAMP_IDLE_TIMEOUT", "2d")
    knobs = shown()
    assert (knobs["idle_timeout"]["value"], knobs["idle_timeout"]["source"]) == ("2d", "HANDSTAMP_IDLE_TIMEOUT")
    assert (knobs["grace"]["value"], knobs["grace"]["source"]) == ("60", str(file))
    assert knobs["trusted_origins"]["value"] == "https://a.example,https://b.example"


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they are set is all that is said, in the table and in JSON."""
    monkeypatch.setenv("HANDSTAMP_SECRET", SECRET)
    monkeypatch.setenv("HANDSTAMP_GOOGLE_CLIENT_ID", "client-1")
    monkeypatch.setenv("HANDSTAMP_GOOGLE_CLIENT_SECRET", "hush-hush")
    monkeypatch.setenv("HANDSTAMP_DATABASE", "postgresql://handstamp:hunter2@db.example/handstamp")
    knobs = shown()
    assert (knobs["secret"]["value"], knobs["google_client_secret"]["value"]) == ("set", "set")
    assert knobs["google_client_id"]["value"] == "client-1"
    assert knobs["x_client_secret"]["value"] == "not set"
    assert knobs["database"]["value"] == "postgresql://handstamp:***@db.example/handstamp"
    for output in (run("config", "show").output, run("config", "show", "--json").output):
        assert not [secret for secret in (SECRET, "hush-hush", "hunter2") if secret in output]


def test_each_provider_is_there_with_what_it_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Apple a key in place of the secret, of some a place of one's own."""
    monkeypatch.setenv("HANDSTAMP_APPLE_PRIVATE_KEY", "hush-hush")
    monkeypatch.setenv("HANDSTAMP_GITLAB_URL", "https://git.example")
    found = shown()
    named = {name for name in found if name.split("_")[0] in PROVIDERS}
    assert named == {
        *(f"{id_}_client_id" for id_ in PROVIDERS),
        *(f"{id_}_client_secret" for id_ in PROVIDERS if id_ != "apple"),
        *("apple_team_id", "apple_key_id", "apple_private_key", "microsoft_tenant", "github_url", "gitlab_url"),
    }
    assert (found["apple_private_key"]["value"], found["gitlab_url"]["value"]) == ("set", "https://git.example")
    assert found["gitlab_url"]["source"] == "HANDSTAMP_GITLAB_URL"
    assert found["apple_team_id"]["description"] == "The id of your team at Apple, ten characters."
    assert "hush-hush" not in run("config", "show").output


def test_settings_that_are_not_fit_are_shown_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is there to find what is wrong, so it does not depend on everything being right."""
    monkeypatch.setenv("HANDSTAMP_ORIGIN", "http://app.example")
    monkeypatch.setenv("HANDSTAMP_GRACE", "soon")
    refused = run("config", "show")
    assert refused.exit_code == 4
    assert "http://app.example" in refused.stdout
    assert "grace: 'soon' is no duration" in refused.stderr


def test_a_mistyped_variable_is_refused_after_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The right names are on the screen then."""
    monkeypatch.setenv("HANDSTAMP_ORIGN", "https://app.example")
    refused = run("config", "show")
    assert refused.exit_code == 4
    assert "HANDSTAMP_ORIGN" in refused.stderr
    assert "origin" in refused.stdout


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, exit code 4."""
    monkeypatch.setenv("HANDSTAMP_CONFIG", "missing.toml")
    refused = run("config", "show")
    assert refused.exit_code == 4
    assert refused.stderr.startswith("Error: HANDSTAMP_CONFIG names missing.toml")
