"""Settings: what stops the start, what comes before what, and what is never shown."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from handmade import OTHER_SECRET, SECRET
from handstamp.core.errors import ConfigurationError
from handstamp.core.policy import CookiePolicy, OriginPolicy, RotationPolicy, SessionPolicy
from handstamp.settings import Settings, load_settings, load_stores, stated

PUBLIC = {"origin": "https://app.example.com", "secret": SECRET}
WEAK = "correct-horse-" * 3


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests."""
    for name in list(os.environ):  # noqa: TID251  what is to be cleaned
        if name.upper().startswith("HANDSTAMP_"):
            monkeypatch.delenv(name)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets ``HANDSTAMP_*`` variables."""

    def set_them(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(f"HANDSTAMP_{name.upper()}", value)

    return set_them


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], Path]:
    """Writes the configuration file and names it in the environment."""

    def write(text: str | bytes) -> Path:
        path = tmp_path / "handstamp.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        monkeypatch.setenv("HANDSTAMP_CONFIG", str(path))
        return path

    return write


def refusal(**keywords: Any) -> str:
    """The message with which the start is refused: one line, without any secret."""
    with pytest.raises(ConfigurationError) as refused:
        load_settings(**keywords)
    message = str(refused.value)
    assert "\n" not in message
    assert not [secret for secret in (SECRET, OTHER_SECRET, WEAK) if secret in message]
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    return message


def test_the_defaults_are_for_a_developer_on_loopback() -> None:
    """Nothing has to be set to begin."""
    settings = load_settings()
    assert settings.database.get_secret_value() == "sqlite:///handstamp.db"
    assert (settings.origin, settings.on_loopback, settings.secret) == ("http://127.0.0.1:8000", True, ())
    assert (settings.mount, settings.after_sign_in, settings.app_name) == ("/auth", "/", "handstamp")


def test_the_defaults_are_those_of_the_policies() -> None:
    """Written once."""
    settings = load_settings()
    assert settings.session_policy == SessionPolicy()
    assert settings.cookies == CookiePolicy()
    assert settings.origins == OriginPolicy(origin="http://127.0.0.1:8000")


def test_every_knob_reaches_its_policy() -> None:
    """As configured."""
    settings = load_settings(
        **PUBLIC,
        trusted_origins="https://admin.example.com, https://Other.Example.com:443",
        absolute_timeout="12h",
        idle_timeout="30m",
        rotate_after="10m",
        grace="30s",
        on_replay="report",
    )
    assert settings.session_policy == SessionPolicy(
        absolute_timeout=43_200.0,
        idle_timeout=1_800.0,
        rotation=RotationPolicy(rotate_after=600.0, grace=30.0),
        on_replay="report",
    )
    assert settings.origins.trusted_origins == {"https://admin.example.com", "https://other.example.com"}


REFUSALS: dict[str, tuple[Mapping[str, Any], str]] = {
    "weak secret": ({"secret": WEAK}, "the secret can be guessed; make one with: handstamp secret"),
    "short secret": ({"secret": "short"}, "the secret is shorter than 32 bytes; make one with: handstamp secret"),
    "default secret": ({"secret": "change-me-" + SECRET}, "the secret can be guessed"),
    "secret of one letter": ({"secret": "x" * 40}, "the secret can be guessed"),
    "secret twice": ({"secret": f"{SECRET},{SECRET}"}, "a secret is there twice: remove the older one"),
    "one of two weak": ({"secret": f"{SECRET},{WEAK}"}, "the secret can be guessed"),
    "secret of a wrong type": ({"secret": 5}, "secret: "),
    "no secret": ({"origin": "https://app.example.com"}, "set HANDSTAMP_SECRET to what `handstamp secret` prints"),
    "empty secret": ({"origin": "https://app.example.com", "secret": ""}, "set HANDSTAMP_SECRET"),
    "http off loopback": (PUBLIC | {"origin": "http://app.example.com"}, "is plain http: use https"),
    "no prefix off loopback": (PUBLIC | {"cookie_prefix": ""}, "it is allowed on loopback only"),
    "another prefix": ({"cookie_prefix": "__Secure-"}, "cookie_prefix: Input should be '__Host-Http-' or ''"),
    "origin with a path": ({"origin": "https://app.example.com/"}, "write scheme://host or scheme://host:port"),
    "origin of another scheme": ({"origin": "ftp://app.example.com"}, "is no origin"),
    "trusted origin with a path": ({"trusted_origins": ["https://a.example/x"]}, "is no origin"),
    "trusted star": ({"trusted_origins": "*"}, "'*' is no origin"),
    "idle after absolute": ({"absolute_timeout": "1d", "idle_timeout": "2d"}, "idle_timeout is longer than"),
    "grace as long as rotation": ({"rotate_after": "5m", "grace": "5m"}, "grace must be shorter than rotate_after"),
    "a long grace for each response": (
        {"rotate_after": 0, "grace": "61s"},
        "a token wants a grace of 10s, and 60s at the most",
    ),
    "no idle limit": ({"idle_timeout": 0}, "idle_timeout: Input should be greater than 0"),
    "no absolute limit": ({"absolute_timeout": 0}, "absolute_timeout: Input should be greater than 0"),
    "no grace": ({"grace": 0}, "grace: Input should be greater than or equal to 1"),
    "no duration": ({"idle_timeout": "a week"}, "idle_timeout: 'a week' is no duration: write 30s, 15m, 12h or 7d"),
    "negative duration": ({"grace": -5}, "grace: -5 is no duration"),
    "endless duration": ({"absolute_timeout": float("inf")}, "absolute_timeout: inf is no duration"),
    "mount without slash": (
        {"mount": "auth"},
        "mount: write a path in small letters, digits, - and _, such as /auth",
    ),
    "mount at the root": ({"mount": "/"}, "mount: write a path"),
    "mount with a slash at the end": ({"mount": "/auth/"}, "mount: write a path"),
    "mount of another host": ({"mount": "//evil"}, "mount: write a path"),
    "mount with a hole": ({"mount": "/a//b"}, "mount: write a path"),
    "after sign-in elsewhere": ({"after_sign_in": "https://evil.example/"}, "after_sign_in: "),
    "after sign-in on no path": ({"after_sign_in": "//evil.example"}, "is no safe place to redirect to"),
    "unknown reaction": ({"on_replay": "ignore"}, "on_replay: Input should be 'end' or 'report'"),
    "long name": ({"app_name": "x" * 81}, "app_name: String should have at most 80 characters"),
    "unknown keyword": ({"data_base": "sqlite:///x.db"}, "data_base: there is no such setting"),
}


@pytest.mark.parametrize(("keywords", "words"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_unsafe_or_contradictory_stops_the_start(keywords: Mapping[str, Any], words: str) -> None:
    """In one line that says what to do."""
    assert words in refusal(**keywords)


def test_two_faults_are_told_at_once() -> None:
    """Nobody has to start twice to learn of both."""
    message = refusal(mount="auth", grace="soon")
    assert "mount: " in message
    assert "; grace: " in message


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"SECRT": "x"}, "nothing reads HANDSTAMP_SECRT"),
        ({"X_CLIENT": "x", "ABC": "y"}, "nothing reads HANDSTAMP_ABC, HANDSTAMP_X_CLIENT"),
        ({"GOOGLE_CLIENT_SECRETS": SECRET}, "HANDSTAMP_GOOGLE_CLIENT_SECRETS"),
    ],
)
def test_a_variable_that_nothing_reads_stops_the_start(
    environment: Callable[..., None], variables: dict[str, str], words: str
) -> None:
    """It is named, its value is not."""
    environment(**variables)
    assert words in refusal()


def test_a_provider_s_variables_are_its_own(environment: Callable[..., None]) -> None:
    """Whether it is in use is for the application to say."""
    environment(x_client_id="id", GOOGLE_CLIENT_SECRET="secret")
    assert load_settings().app_name == "handstamp"


def test_a_variable_in_small_letters_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As pydantic-settings has it."""
    monkeypatch.setenv("handstamp_app_name", "small")
    assert load_settings().app_name == "small"


def test_keywords_come_before_variables_before_the_file_before_defaults(
    environment: Callable[..., None], file: Callable[[str], Path]
) -> None:
    """Each setting by itself."""
    file('app_name = "file"\nmount = "/file"\nafter_sign_in = "/file"\n')
    environment(app_name="variable", mount="/variable")
    settings = load_settings(app_name="keyword")
    assert (settings.app_name, settings.mount, settings.after_sign_in) == ("keyword", "/variable", "/file")
    assert settings.origin == "http://127.0.0.1:8000"
    assert load_settings(app_name=None).app_name == "variable"


def test_a_file_may_hold_lists_and_durations(file: Callable[[str], Path]) -> None:
    """TOML's own, or text."""
    file(
        f'secret = ["{SECRET}", "{OTHER_SECRET}"]\norigin = "https://app.example.com"\nidle_timeout = 3600\n'
        'grace = "30s"\ntrusted_origins = ["https://admin.example.com"]\n'
    )
    settings = load_settings()
    assert [secret.get_secret_value() for secret in settings.secret] == [SECRET, OTHER_SECRET]
    assert (settings.idle_timeout, settings.grace) == (3600.0, 30.0)
    assert settings.trusted_origins == {"https://admin.example.com"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f'secret = "{SECRET}', "is no TOML"),
        (f"secret {SECRET}", "is no TOML"),
        (b"\xff\xfe", "is no TOML"),
        (f'secrets = "{SECRET}"', "secrets: there is no such setting"),
        (f'[handstamp]\nsecret = "{SECRET}"', "handstamp: there is no such setting"),
        (f'secret = "{WEAK}"', "the secret can be guessed"),
        ("mount = 5", "mount: Input should be a valid string"),
    ],
)
def test_a_bad_file_stops_the_start(file: Callable[[str | bytes], Path], content: str | bytes, words: str) -> None:
    """Without showing what it holds."""
    file(content)
    assert words in refusal()


def test_a_missing_file_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It was named, so it was meant; the same for one that is a folder."""
    for path in (tmp_path / "missing.toml", tmp_path):
        monkeypatch.setenv("HANDSTAMP_CONFIG", str(path))
        message = refusal()
        assert f"HANDSTAMP_CONFIG names {path}, which cannot be read: " in message


def test_a_list_in_a_variable_is_separated_by_commas(environment: Callable[..., None]) -> None:
    """White space around and empty places are nothing."""
    environment(secret=f" {SECRET} ,{OTHER_SECRET},", origin="https://app.example.com")
    assert [secret.get_secret_value() for secret in load_settings().secret] == [SECRET, OTHER_SECRET]


def test_no_secret_is_shown(environment: Callable[..., None]) -> None:
    """Neither server secrets nor the database's password, in repr, str or dump."""
    environment(secret=SECRET, database="postgresql://user:pa55word@host/db")
    settings = load_settings()
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert SECRET not in shown
        assert "pa55word" not in shown


def test_settings_do_not_change() -> None:
    """What was checked is what is used."""
    with pytest.raises(ValueError, match="frozen"):
        load_settings().mount = "/other"


def test_the_database_can_be_read_by_itself(environment: Callable[..., None]) -> None:
    """Administration needs no origin and no secret."""
    environment(database="sqlite:///elsewhere.db", origin="https://app.example.com")
    assert load_stores().database.get_secret_value() == "sqlite:///elsewhere.db"


def test_a_database_that_is_no_text_is_refused(file: Callable[[str], Path]) -> None:
    """In the same words as elsewhere."""
    file("database = 5")
    with pytest.raises(ConfigurationError, match="database: Input should be a valid string"):
        load_stores()


def test_where_a_setting_comes_from_can_be_told(
    environment: Callable[..., None], file: Callable[[str], Path]
) -> None:
    """The variable or the file that says it; what nobody says is not there."""
    path = file('app_name = "file"\nmount = "/file"\n')
    environment(app_name="variable")
    said = stated()
    assert said["app_name"] == ("HANDSTAMP_APP_NAME", "variable")
    assert said["mount"] == (str(path), "/file")
    assert "origin" not in said


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_does(name: str) -> None:
    """The documentation and ``handstamp config show`` are printed from it."""
    description = Settings.model_fields[name].description
    assert description is not None
    assert description.endswith(".")


def test_a_short_absolute_limit_shortens_the_idle_limit_that_nobody_chose() -> None:
    """absolute_timeout alone is enough: a session is never idle for longer than it lives."""
    policy = load_settings(absolute_timeout="2d").session_policy
    assert policy.idle_timeout == policy.absolute_timeout == 2 * 86_400


def test_the_state_folder_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG Base Directory Specification: a path that is relative, or empty, is as good as none."""
    monkeypatch.setenv("HOME", "/srv/ada")
    monkeypatch.setenv("XDG_STATE_HOME", "/srv/state")
    assert Settings().state_folder == Path("/srv/state/handstamp")
    for ignored in ("", "state"):
        monkeypatch.setenv("XDG_STATE_HOME", ignored)
        assert Settings().state_folder == Path("/srv/ada/.local/state/handstamp")


def test_a_user_without_a_home_is_a_matter_of_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """As some services run: the message tells what is missing."""

    def nowhere() -> Path:
        raise RuntimeError("could not determine home directory")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(ConfigurationError, match="no home folder"):
        _ = Settings().state_folder
