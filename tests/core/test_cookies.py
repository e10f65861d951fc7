"""Cookies: what the reader takes for a cookie, and what the writer lets out."""

import re
import string
import warnings
from collections.abc import Callable
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handstamp.core.cookies import (
    MAX_COOKIES,
    MAX_HEADER_BYTES,
    MAX_PAIR_BYTES,
    CookieTooLarge,
    cookies_with_prefix,
    delete_flag_cookie,
    delete_flow_cookie,
    delete_session_cookie,
    flag_cookie,
    flow_cookie,
    read_cookie,
    session_cookie,
    usual_cookie,
)
from handstamp.core.errors import InvalidToken, Unauthenticated
from handstamp.core.policy import CookiePolicy
from vectors import load

NAME = b"__Host-Http-session"
POLICY = CookiePolicy()
PREFIXES: list[Literal["__Host-Http-", ""]] = ["__Host-Http-", ""]
EXPIRED = "Expires=Thu, 01 Jan 1970 00:00:00 GMT"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMSJ9.c2lnbmF0dXJl-_"


# A second, slow and obvious reader, to compare with: one octet at a time, nothing shared with the module.


def split_by_hand(header: bytes) -> list[tuple[bytes, bytes]]:
    """All well-formed pairs of one header."""
    pieces: list[list[int]] = [[]]
    for octet in header:
        if octet == ord(";"):
            pieces.append([])
        else:
            pieces[-1].append(octet)
    if len(header) > MAX_HEADER_BYTES or len(pieces) > MAX_COOKIES:
        return []
    pairs = []
    for piece in pieces:
        while piece and piece[0] in (0x20, 0x09):
            piece.pop(0)
        while piece and piece[-1] in (0x20, 0x09):
            piece.pop()
        if ord("=") not in piece or any(octet < 0x20 or octet > 0x7E for octet in piece):
            continue
        at = piece.index(ord("="))
        if at > 0 and 0x20 not in piece[:at]:
            pairs.append((bytes(piece[:at]), bytes(piece[at + 1 :])))
    return pairs


def read_by_hand(lines: list[bytes], name: bytes) -> bytes | None:
    """What ``read_cookie`` promises."""
    header, needle = b"; ".join(lines), name + b"="
    if len(header) > MAX_HEADER_BYTES:
        ours = [pair for pair in header.split(b"; ") if pair.startswith(needle)]
        length = len(ours[0].split(b";")[0]) - len(needle) if ours and header.count(needle) == 1 else 0
        raise InvalidToken if length > MAX_PAIR_BYTES else Unauthenticated
    if needle in header and header.count(b";") >= MAX_COOKIES:
        raise Unauthenticated
    values = [value for other, value in split_by_hand(header) if other == name]
    if len(values) > 1:
        raise Unauthenticated
    if not values and any(pair.strip(b" \t").startswith(needle) for pair in header.split(b";")):
        raise InvalidToken
    return values[0] if values else None


def outcome(read: Callable[[list[bytes], bytes], bytes | None], lines: list[bytes]) -> object:
    """What a reader returns, or the class of what it raises."""
    try:
        return read(lines, NAME)
    except (Unauthenticated, InvalidToken) as error:
        return type(error)


def browser_like_headers() -> st.SearchStrategy[bytes]:
    """Headers of which most take the short cut."""
    token = st.text(string.ascii_letters + string.digits + "-_.", min_size=0, max_size=40)
    pair = st.tuples(st.sampled_from([NAME.decode(), "theme", "signed_in", "a"]), token).map("=".join)
    return st.lists(pair, max_size=5).map("; ".join).map(str.encode)


def hostile_headers() -> st.SearchStrategy[bytes]:
    """Headers of fragments that a reader could stumble over."""
    fragments = [NAME, NAME + b"=", NAME[:-1], NAME.lower(), b"=", b";", b"; ", b" ", b"\t", b'"', b"\\", b"a=b"]
    fragments += [b"\x00", b"\x7f", b"\xa0", b",", b"\r\n", b"A", b"$Version=1", b"%3B", b";" * (MAX_COOKIES - 2)]
    return st.lists(st.one_of(st.sampled_from(fragments), st.binary(max_size=3)), max_size=12).map(b"".join)


@st.composite
def damaged_headers(draw: st.DrawFn) -> bytes:
    """What a browser would send, with one octet more somewhere."""
    header = draw(browser_like_headers())
    at = draw(st.integers(min_value=0, max_value=len(header)))
    octet = draw(st.sampled_from([b" ", b"\t", b"\x0b", b"\r", b"\x00", b"\xa0", b";", b"=", b"x"]))
    return header[:at] + octet + header[at:]


HEADERS = st.one_of(browser_like_headers(), damaged_headers(), hostile_headers())


@given(header=HEADERS)
@example(header=NAME + b"=A ; x=y")
@example(header=NAME + b"= A; x=y")
@example(header=b"x=y " + NAME + b"=A")
@example(header=b" " + NAME + b"=A;")
@example(header=b"x=y;\x0b" + NAME + b"=A")
@example(header=b"x=y;\x0c " + NAME + b"=A; x=" + NAME + b"=B")
@example(header=NAME + b"=A" + b";" * (MAX_COOKIES - 1))
@example(header=NAME + b"=A" + b";" * MAX_COOKIES)
@example(header=NAME + b"=" + b"A" * (MAX_HEADER_BYTES - len(NAME) - 1))
@example(header=NAME + b"=" + b"A" * (MAX_HEADER_BYTES - len(NAME)))
def test_what_is_usual_is_what_the_reader_gives(header: bytes) -> None:
    """Where the quick way gives what can be a token, the careful reader gives the same (COO-02, COO-03)."""
    usual = usual_cookie(header, NAME + b"=")
    if usual is not None and re.fullmatch(rb"[!-~]{1,4000}", usual):
        assert usual == outcome(read_by_hand, [header])


@given(header=browser_like_headers().filter(lambda header: header.count(NAME) == 1))
def test_what_browsers_send_is_usual(header: bytes) -> None:
    """The quick way is the way of nearly all requests: only an empty value is left to the reader."""
    assert usual_cookie(header, NAME + b"=") == (read_by_hand([header], NAME) or None)


@given(header=HEADERS)
@example(header=NAME + b"=A ; x=y")
@example(header=NAME + b"= A; x=y")
@example(header=b"x=y " + NAME + b"=A")
@example(header=b" " + NAME + b"=A;")
@example(header=b"x=y;\x0b" + NAME + b"=A")
@example(header=b"x=y;\x0c " + NAME + b"=A; x=" + NAME + b"=B")
@example(header=NAME + b"=A" + b";" * (MAX_COOKIES - 1))
@example(header=NAME + b"=A" + b";" * MAX_COOKIES)
@example(header=NAME + b"=" + b"A" * (MAX_HEADER_BYTES - len(NAME) - 1))
@example(header=NAME + b"=" + b"A" * (MAX_HEADER_BYTES - len(NAME)))
def test_the_short_cut_agrees_with_a_reader_that_goes_octet_by_octet(header: bytes) -> None:
    """One header line, read both ways, gives the same value or the same error (COO-02, COO-03, COO-04)."""
    assert outcome(read_cookie, [header]) == outcome(read_by_hand, [header])


@given(lines=st.lists(HEADERS, max_size=4))
def test_any_number_of_lines_agrees_with_the_octet_by_octet_reader(lines: list[bytes]) -> None:
    """Several lines are read as the one header that HTTP/2 split."""
    assert outcome(read_cookie, lines) == outcome(read_by_hand, lines)


@given(lines=st.lists(HEADERS, max_size=4))
def test_names_agree_with_the_octet_by_octet_reader(lines: list[bytes]) -> None:
    """The list of names holds exactly the names of well-formed pairs, each once."""
    pairs = split_by_hand(b"; ".join(lines))
    expected = list(dict.fromkeys(name for name, _ in pairs if name.startswith(b"__Host-")))
    assert list(cookies_with_prefix(lines, b"__Host-")) == expected


# Vectors. Where they want an error: a malformed pair is skipped alone, a header beyond the limits is not read at
# all, and only the duplicate raises. Two cases are read in our own way:
KEPT: dict[str, list[list[str]]] = {
    "g-3": [["Cookie-1", '"v$1"'], ["c2", '"v2"']],  # quotes are part of the value (rfc6265bis)
    "g-4": [["Cookie-1", '"v$1"'], ["c2", "v2"]],
    "g-10": [["k1", "\\"]],  # a backslash means nothing to us, as o-7 and o-18 ask
}
CASES: list[dict[str, Any]] = load("cookies/cookie_request_header_cases.json")["cases"]


def header_lines(case: dict[str, Any]) -> list[bytes]:
    """The header of a case: one line, several, or one made by repetition."""
    if "header_repeat" in case:
        repeat = case["header_repeat"]
        return [(repeat.get("prefix", "") + repeat["unit"] * repeat["times"]).encode()]
    lines = [case["header"]] if isinstance(case["header"], str) else case["header"]
    return [line.encode() for line in lines]


def wanted(case: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """The pairs that a case wants, none where it wants an error."""
    want: Any = KEPT.get(case["id"], case["want"])
    return [] if "error" in want else [(name.encode(), value.encode()) for name, value in want]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_vector_gives_the_wanted_pairs(case: dict[str, Any]) -> None:
    """Each wanted pair is read back, and no other name is there (COO-02, COO-03, COO-04)."""
    lines = header_lines(case)
    if case["id"] == "o-1":
        with pytest.raises(Unauthenticated):
            read_cookie(lines, b"__Host-session")
        return
    pairs = wanted(case)
    assert list(cookies_with_prefix(lines, b"")) == [name for name, _ in pairs]
    assert [(name, read_cookie(lines, name)) for name, _ in pairs] == pairs


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_vector_shows_the_session_cookie_only_where_it_is_one(case: dict[str, Any]) -> None:
    """A name that only looks like ours is not ours (COO-03); what is ours and malformed is an error, as wanted."""
    errors = {"o-10": InvalidToken, "o-11": InvalidToken, "o-16": Unauthenticated, "o-17": InvalidToken}
    if case["id"] in errors:
        with pytest.raises(errors[case["id"]]):
            read_cookie(header_lines(case), b"__Host-session")
    elif case["id"] != "o-1":
        assert read_cookie(header_lines(case), b"__Host-session") == dict(wanted(case)).get(b"__Host-session")


# What happened elsewhere.


def test_a_cookie_sandwich_does_not_swallow_the_session_cookie() -> None:
    """Quotes opened in one cookie and closed in another leave the one between alone (COO-04)."""
    header = b'$Version=1; param="start; ' + NAME + b'=secret; end="; x=y'
    assert read_cookie([header], NAME) == b"secret"
    assert read_cookie([header], b"param") == b'"start'


@pytest.mark.parametrize("value", [rb'"\\\\\\\\"', rb'"\012\075"', b"%41%3B", b'"quoted"'])
def test_a_value_is_returned_as_it_was_sent(value: bytes) -> None:
    r"""Nothing is un-escaped, un-quoted or percent-decoded (CVE-2024-7592; COO-04)."""
    assert read_cookie([NAME + b"=" + value], NAME) == value


@pytest.mark.parametrize(
    "lines",
    [
        [NAME + b"=attacker; " + NAME + b"=victim"],
        [NAME + b"=victim", NAME + b"=attacker"],
        [NAME + b"=same;" + NAME + b"=same"],
        [b"a=b; " + NAME + b"=; \t" + NAME + b"=x"],
    ],
    ids=["one line", "two lines", "equal values", "an empty one"],
)
def test_a_tossed_cookie_makes_the_request_unauthenticated(lines: list[bytes]) -> None:
    """Two cookies of our name: neither is taken (COO-02)."""
    with pytest.raises(Unauthenticated, match="twice"):
        read_cookie(lines, NAME)


@pytest.mark.parametrize("tossed", [NAME + b"=\xff", NAME + b" =x", NAME + b"=a\x00b", NAME])
def test_a_malformed_pair_beside_the_session_cookie_is_skipped(tossed: bytes) -> None:
    """What is no cookie cannot be the second one: it does not sign anybody out."""
    assert read_cookie([tossed + b"; " + NAME + b"=good"], NAME) == b"good"


@pytest.mark.parametrize(
    "pair",
    [
        NAME.lower() + b"=x",
        b"\xc2\xa0" + NAME + b"=x",
        b"\xe2\x80\x80" + NAME + b"=x",
        NAME + b" =x",
        b"=" + NAME + b"=x",
    ],
    ids=["other case", "U+00A0 before it", "U+2000 before it", "space after it", "no name"],
)
def test_a_name_that_resembles_ours_does_not_match(pair: bytes) -> None:
    """The name is matched byte for byte (COO-03)."""
    assert read_cookie([pair], NAME) is None


def test_a_name_that_ends_in_ours_does_not_match() -> None:
    """A prefix before the name makes another name."""
    assert read_cookie([b"x" + NAME + b"=a"], NAME) is None


def test_no_header_is_no_cookie() -> None:
    """A request without Cookie headers has none."""
    assert read_cookie([], NAME) is None
    assert cookies_with_prefix([], b"a") == {}


# Limits. Time is linear because each step is one pass; here the passes are refused where they would be long.


@pytest.mark.parametrize("others", [b"", b"a=b; ", b"a=b; c=d;e; "])
def test_a_cookie_of_64_kilobytes_is_refused_before_it_is_parsed(others: bytes) -> None:
    """The header's length alone decides (COO-04); it is ours, so that whoever asks has it deleted."""
    lines = [others + NAME + b"=" + b"x" * 64_000 + b"; f=g"]
    with pytest.raises(InvalidToken):
        read_cookie(lines, NAME)
    assert cookies_with_prefix(lines, b"__Host-") == {}


@pytest.mark.parametrize(
    "tossed", [b"a=" + b"x" * 64_000, NAME + b"=" + b"x" * 64_000, b"a=" + NAME + b"=" + b"x" * 64_000]
)
def test_a_cookie_among_64_kilobytes_of_others_is_not_read_and_not_ours_to_delete(tossed: bytes) -> None:
    """A neighbour tossed them, or imitates ours; the good one may be there, and stays."""
    with pytest.raises(Unauthenticated):
        read_cookie([tossed + b"; " + NAME + b"=good"], NAME)


@pytest.mark.parametrize("value", ["\xe9", "A\x00B", "A\tB", "\u2028"])
def test_our_cookie_with_an_octet_that_no_token_has_is_worth_nothing(value: str) -> None:
    """It is ours, so it is refused as a bad token and deleted, unless a good one is beside it."""
    bad = NAME + b"=" + value.encode()
    with pytest.raises(InvalidToken):
        read_cookie([b"a=b; " + bad], NAME)
    assert read_cookie([bad, NAME + b"=good"], NAME) == b"good"


def test_the_limit_of_bytes_counts_all_lines() -> None:
    """Splitting a header does not get more of it in."""
    half = b"a=" + b"x" * (MAX_HEADER_BYTES // 2)
    assert read_cookie([NAME + b"=v", half], NAME) == b"v"
    with pytest.raises(Unauthenticated):
        read_cookie([NAME + b"=v", half, half], NAME)


def test_the_limit_of_cookies_counts_all_lines() -> None:
    """One line a cookie, as HTTP/2 may send them, is counted like one line for all."""
    assert read_cookie([NAME + b"=v", *[b"a=b"] * (MAX_COOKIES - 1)], NAME) == b"v"
    with pytest.raises(Unauthenticated):
        read_cookie([NAME + b"=v", *[b"a=b"] * MAX_COOKIES], NAME)


def test_names_with_a_prefix_come_once_each_and_in_order() -> None:
    """The names of flow cookies, to bound their number."""
    lines = [b"p-2=x; q=p-9=; p-1=y", b"p-2=z; p-3"]
    assert list(cookies_with_prefix(lines, b"p-")) == [b"p-2", b"p-1"]


# The writer.


def parts(header: bytes) -> tuple[str, set[str]]:
    """The pair of a Set-Cookie header, and its attributes, each once."""
    pair, *attributes = header.decode("ascii").split("; ")
    assert len(attributes) == len(set(attributes))
    return pair, set(attributes)


def secure(prefix: str) -> set[str]:
    """Secure, unless the prefix was taken off for a loopback client."""
    return {"Secure"} if prefix else set()


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_session_cookie_has_every_attribute_and_no_domain(prefix: Literal["__Host-Http-", ""]) -> None:
    """Secure, HttpOnly, SameSite=Lax and Path=/, and it goes when the browser does (COO-01)."""
    pair, attributes = parts(session_cookie(CookiePolicy(prefix=prefix), TOKEN, max_age=None))
    assert pair == f"{prefix}session={TOKEN}"
    assert attributes == {"Path=/", "SameSite=Lax", "HttpOnly"} | secure(prefix)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_remembered_session_cookie_has_max_age(prefix: Literal["__Host-Http-", ""]) -> None:
    """Max-Age is there only when asked for."""
    _, attributes = parts(session_cookie(CookiePolicy(prefix=prefix), TOKEN, max_age=2_592_000))
    assert attributes == {"Path=/", "SameSite=Lax", "HttpOnly", "Max-Age=2592000"} | secure(prefix)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("max_age", "expected"), [(None, set[str]()), (60, {"Max-Age=60"})])
def test_the_flag_cookie_can_be_read_by_scripts(
    prefix: Literal["__Host-Http-", ""], max_age: int | None, expected: set[str]
) -> None:
    """It has no prefix and no HttpOnly, and says nothing but that somebody is signed in."""
    pair, attributes = parts(flag_cookie(CookiePolicy(prefix=prefix), max_age=max_age))
    assert pair == "signed_in=1"
    assert attributes == {"Path=/", "SameSite=Lax"} | secure(prefix) | expected


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_flow_cookie_is_named_by_its_key(prefix: Literal["__Host-Http-", ""]) -> None:
    """It is as well guarded as the session cookie, for ten minutes."""
    pair, attributes = parts(flow_cookie(CookiePolicy(prefix=prefix), "k3y", "sealed", max_age=600))
    assert pair == f"{prefix}flow-k3y=sealed"
    assert attributes == {"Path=/", "SameSite=Lax", "HttpOnly", "Max-Age=600"} | secure(prefix)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_deletion_repeats_name_path_and_flags(prefix: Literal["__Host-Http-", ""]) -> None:
    """Else the browser would keep the cookie, or refuse to touch it (COO-06)."""
    policy = CookiePolicy(prefix=prefix)
    gone = {"Max-Age=0", EXPIRED}
    for setting, deletion in [
        (session_cookie(policy, "", max_age=None), delete_session_cookie(policy)),
        (flow_cookie(policy, "k", "", max_age=0), delete_flow_cookie(policy, "k")),
    ]:
        assert parts(deletion)[0] == parts(setting)[0]
        assert parts(deletion)[1] == parts(setting)[1] | gone
    flag = {"Path=/", "SameSite=Lax"} | secure(prefix)
    assert parts(delete_flag_cookie(policy)) == ("signed_in=", flag | gone)


def test_what_is_written_is_read_back() -> None:
    """The pair of a Set-Cookie header, sent as browsers send it, gives the token."""
    pair, _ = parts(session_cookie(POLICY, TOKEN, max_age=None))
    assert read_cookie([f"theme=dark; {pair}; signed_in=1".encode()], NAME) == TOKEN.encode()


def test_a_max_age_that_has_passed_drops_the_cookie() -> None:
    """A session in its last second is no error."""
    assert "Max-Age=0" in parts(session_cookie(POLICY, TOKEN, max_age=-1))[1]


def test_a_max_age_that_is_no_number_is_refused() -> None:
    """No attribute can be smuggled in through it."""
    seconds: Any = "1; Domain=example.com"
    with pytest.raises((TypeError, ValueError)):
        session_cookie(POLICY, TOKEN, max_age=seconds)


@pytest.mark.parametrize("octet", [*map(chr, range(0x21)), '"', ",", ";", "\\", "\x7f", "\xe9", "\u2028"])
def test_a_value_that_could_break_the_header_is_refused(octet: str) -> None:
    """Octets outside RFC 6265's cookie-octet never leave, nor do they get into the message."""
    with pytest.raises(ValueError, match="RFC 6265") as raised:
        session_cookie(POLICY, f"secret{octet}", max_age=None)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("octet", [*map(chr, range(0x21)), *'"(),/:;<=>?@[\\]{}', "\x7f", "\xe9", "\n"])
def test_a_name_that_is_no_token_is_refused(octet: str) -> None:
    """The key of a flow ends up in a name, and in the deletion of that name."""
    with pytest.raises(ValueError, match="RFC 9110"):
        flow_cookie(POLICY, f"k{octet}", "v", max_age=1)
    with pytest.raises(ValueError, match="RFC 9110"):
        delete_flow_cookie(POLICY, f"k{octet}")


def test_a_cookie_that_browsers_may_drop_is_warned_about() -> None:
    """At 4,093 bytes of name and value it is written without a word, above it with one (COO-05)."""
    fits = "x" * (4093 - len(NAME) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session_cookie(POLICY, fits, max_age=None)
    with pytest.warns(CookieTooLarge, match="4094 bytes") as record:
        session_cookie(POLICY, fits + "x", max_age=None)
    assert record[0].filename == __file__
