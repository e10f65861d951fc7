"""What a provider says of a person is distrusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.errors import LoginFailed
from handstamp.login.oauth import claims


@pytest.mark.parametrize("value", ["1", "0", "auth0|5f7c", "a" * 255, "Undefined behaviour", "A-b_c.d:e/f"])
def test_a_subject_is_taken_as_it_is(value: str) -> None:
    """It is compared letter for letter, so nothing is changed (OAU-07)."""
    assert claims.subject(value) == value


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", 0, 42, 4.2, True, [], ["1"], {}),
        *("undefined", "Undefined", "null", "None", "NaN", "nil", "true", "[object Object]"),
        *("a" * 256, " 1", "1 ", " ", "a\nb", "a\x00b", "ü", "\u200b"),
    ],
)
def test_nobody_is_no_subject(value: object) -> None:
    """A program that spells "nothing" would have everyone share one account (OAU-07)."""
    with pytest.raises(LoginFailed) as failure:
        claims.subject(value)
    assert failure.value.reason == "invalid_response"


@pytest.mark.parametrize("value", ["1", "42", "80351110224678912", "9" * 20])
def test_digits_are_taken_as_they_are(value: str) -> None:
    """One spelling for each number."""
    assert claims.digits(value) == value


@pytest.mark.parametrize("value", [None, "", 42, True, "0", "007", "-1", "+1", "4 2", "\u0664", "1" * 21, "1\n", "a"])
def test_what_is_no_string_of_digits_is_no_subject(value: object) -> None:
    """Nor is a number: some programs round it on the way."""
    with pytest.raises(LoginFailed):
        claims.digits(value)


@pytest.mark.parametrize("value", [1, 583231, 2**63])
def test_a_number_is_kept_as_its_digits(value: int) -> None:
    """Ids are strings."""
    assert claims.number(value) == str(value)


@pytest.mark.parametrize("value", [None, "42", True, False, 0, -1, 1.0, 10**20, [1]])
def test_what_is_no_number_is_no_subject(value: object) -> None:
    """True counts as 1 in Python, and as nobody here."""
    with pytest.raises(LoginFailed):
        claims.number(value)


@pytest.mark.parametrize(
    ("value", "taken"),
    [("Zoë", "Zoë"), ("  a b ", "a b"), ("", None), ("  ", None), (1, None), (None, None), ("a\nb", None)],
)
def test_a_name_is_one_line_of_text(value: object, taken: str | None) -> None:
    """Or it counts as not said."""
    assert claims.text(value) == taken


def test_a_name_is_bounded() -> None:
    """256 characters are a name, 257 are not."""
    assert claims.text("a" * 256) is not None
    assert claims.text("a" * 257) is None


@pytest.mark.parametrize("value", ["a@b.example", "a.b+c@d-e.example", "ü@b.example"])
def test_a_plain_address_is_taken(value: str) -> None:
    """With its case: only the provider knows what the local part means."""
    assert claims.email(value) == value


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1, "", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b,c@d", "a@b;c@d", '"a@b"@c'),
        *("a(x)@b", "<a@b>", "a@[1.2.3.4]", "a\x00@b", "a@b\n", "a@evil\uff20b.example", "\uff41@b.example"),
        "a" * 250 + "@b.example",
    ],
)
def test_anything_but_one_plain_address_counts_as_not_said(value: object) -> None:
    """Lists, quotes, comments and signs that change when normalised are where parsers differ."""
    assert claims.email(value) is None


@pytest.mark.parametrize("value", ["https://pbs.example/a.jpg", "http://localhost:9/a"])
def test_a_picture_is_a_web_address(value: str) -> None:
    """Of a page that a browser may load."""
    assert claims.picture(value) == value


@pytest.mark.parametrize(
    "value",
    [None, 1, "", "javascript:alert(1)", "data:image/png,x", "http://a.example/", "https://a.example/" + "a" * 2048],
)
def test_any_other_picture_counts_as_not_said(value: object) -> None:
    """It ends up in a page."""
    assert claims.picture(value) is None


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.text())))
def test_no_value_breaks_the_reader(value: object) -> None:
    """Only a bad subject is refused; everything else is taken or left out."""
    assert claims.text(value) is None or isinstance(value, str)
    assert claims.email(value) in {None, value if isinstance(value, str) else None}
    assert claims.picture(value) in {None, value if isinstance(value, str) else None}
