"""Strict reading of what providers answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.errors import LoginFailed
from handstamp.login.oauth.exchange import (
    MAX_RESPONSE_BYTES,
    HTTPRequest,
    HTTPResponse,
    error_code,
    form,
    is_secure_url,
    json_object,
    json_objects,
    require_success,
    text_member,
)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_a_provider_that_is_down_or_busy_is_unavailable(status: int) -> None:
    """429 and 5xx say nothing about the sign-in."""
    with pytest.raises(LoginFailed) as failure:
        require_success(HTTPResponse(status), "it")
    assert failure.value.reason == "provider_unavailable"


@pytest.mark.parametrize("status", [100, 199, 301, 302, 307, 308, 400, 401, 403, 404])
def test_any_other_answer_but_success_is_an_error(status: int) -> None:
    """A redirect too: following it would hand secrets to whoever it names (OAU-05)."""
    with pytest.raises(LoginFailed) as failure:
        require_success(HTTPResponse(status, {"location": "https://evil.example/"}), "it")
    assert failure.value.reason == "provider_error"


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        (b'{"error": "invalid_grant"}', "(invalid_grant)"),
        (b'{"error": "<script>token=abc"}', "(unknown)"),
        (b'{"error": {"message": "secret"}}', "(unknown)"),
        (b'{"errors": []}', "400"),
        (b"<html>secret", "400"),
    ],
)
def test_the_message_has_the_error_code_and_none_of_the_providers_prose(stated: bytes, told: str) -> None:
    """A provider may repeat a token in what it writes; our logs do not."""
    with pytest.raises(LoginFailed) as failure:
        require_success(HTTPResponse(400, {}, stated), "it")
    assert str(failure.value).endswith(told)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success_passes(status: int) -> None:
    """The 2xx class."""
    require_success(HTTPResponse(status), "it")


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"<html>",
        b"[]",
        b'"text"',
        b"null",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b"\xff\xfe{\x00}\x00",
        b'{"a": ' + b"[" * 100_000,
        b'{"a": "' + b"x" * MAX_RESPONSE_BYTES + b'"}',
    ],
    ids=["empty", "html", "list", "text", "null", "member-twice", "nan", "utf-16", "deep", "huge"],
)
def test_garbage_is_no_json_object(garbage: bytes) -> None:
    """Whatever two parsers could read differently is refused, in bounded time."""
    with pytest.raises(LoginFailed) as failure:
        json_object(HTTPResponse(200, {}, garbage), "it")
    assert failure.value.reason == "invalid_response"


def test_a_json_object_is_read() -> None:
    """The good path."""
    assert json_object(HTTPResponse(200, {}, '{"name": "Zoë"}'.encode()), "it") == {"name": "Zoë"}


@pytest.mark.parametrize(
    "garbage", [b"", b"{}", b"[1]", b'["a"]', b"[[]]", b"[{}", b'[{"a": 1, "a": 2}]', b"[{}]\xff", b"[" * 100]
)
def test_garbage_is_no_array_of_objects(garbage: bytes) -> None:
    """Refused as a whole, and so is a long one, or an error."""
    with pytest.raises(LoginFailed) as failure:
        json_objects(HTTPResponse(200, {}, garbage), "it")
    assert failure.value.reason == "invalid_response"
    with pytest.raises(LoginFailed):
        json_objects(HTTPResponse(200, {}, b"[" + b" " * MAX_RESPONSE_BYTES + b"]"), "it")
    with pytest.raises(LoginFailed):
        json_objects(HTTPResponse(404, {}, b"[]"), "it")


def test_an_array_of_objects_is_read() -> None:
    """In its order."""
    assert json_objects(HTTPResponse(200, {}, b'[{"a": 1}, {}]'), "it") == [{"a": 1}, {}]


def test_a_form_is_read() -> None:
    """The good path, with an empty value."""
    assert form(HTTPResponse(200, {}, b"a=1%2B1&b="), "it") == {"a": "1+1", "b": ""}


@pytest.mark.parametrize(
    "garbage",
    [b"a=1&a=2", "a=ü".encode(), b"a=%FF", b"&".join(b"a%d=1" % n for n in range(101))],
    ids=["name-twice", "not-ascii", "not-utf-8", "too-many"],
)
def test_garbage_is_no_form(garbage: bytes) -> None:
    """A repeated parameter has no meaning (RFC 6749 §3.1)."""
    with pytest.raises(LoginFailed) as failure:
        form(HTTPResponse(200, {}, garbage), "it")
    assert failure.value.reason == "invalid_response"


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_fail_with_our_error_or_are_read(data: bytes) -> None:
    """Nothing that a provider sends raises anything else."""
    for read in (json_object, form):
        try:
            assert isinstance(read(HTTPResponse(200, {}, data), "it"), dict)
        except LoginFailed as failure:
            assert failure.reason == "invalid_response"  # noqa: PT017  either outcome is right


@pytest.mark.parametrize("value", [None, "", 1, True, ["x"], {}])
def test_a_missing_or_odd_member_is_refused(value: object) -> None:
    """Only a non-empty string is text."""
    with pytest.raises(LoginFailed) as failure:
        text_member({"name": value}, "name", "it")
    assert failure.value.reason == "invalid_response"


@pytest.mark.parametrize(
    "url",
    [
        "https://idp.example",
        "https://idp.example:8443/a?b=c",
        "http://localhost:9000/",
        "http://127.0.0.1/",
        "http://[::1]:1/x",
    ],
)
def test_https_and_this_machine_may_be_spoken_to(url: str) -> None:
    """Plain http is for loopback (OAU-05)."""
    assert is_secure_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example/",
        "http://10.0.0.1/",
        "http://localhost.evil.example/",
        "ftp://idp.example/",
        "javascript:alert(1)",
        "//idp.example/",
        "https://",
        "",
        "https://user@idp.example/",
        "https://user:pass@idp.example/",
        "https://idp.example/#x",
        "https://idp.example/#",
        "https://idp.example:port/",
        "https://idp.example:99999/",
        "https://[::1/",
        "https://idp.example/ x",
        "https://idp.example/\n",
        "https://idp.example\\@evil.example/",
        "https://ïdp.example/",
    ],
)
def test_no_other_address_may_be_spoken_to(url: str) -> None:
    """Anything that two parsers could read differently is refused too."""
    assert not is_secure_url(url)


def test_an_error_code_is_repeated_and_nothing_else() -> None:
    """Codes of RFC 6749 are lower case with underscores."""
    assert error_code("invalid_request") == "invalid_request"
    assert error_code("Bad\nlog line") == "unknown"
    assert error_code(None) == "unknown"


def test_headers_and_bodies_are_in_no_repr() -> None:
    """They hold secrets (OAU-13)."""
    request = HTTPRequest("POST", "https://idp.example/", {"authorization": "s3cret"}, b"s3cret")
    assert "s3cret" not in repr(request)
    assert "s3cret" not in repr(HTTPResponse(200, {"set-cookie": "s3cret"}, b"s3cret"))
