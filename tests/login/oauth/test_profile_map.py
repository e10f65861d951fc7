"""How an answer becomes a profile."""

import pytest

from handstamp.core.errors import LoginFailed
from handstamp.core.models import Profile
from handstamp.login.oauth import ProfileMap, claims

ANSWER = {"sub": "1", "name": "Ada", "email": "ada@mail.example", "email_verified": True, "verified": True}


def test_the_standard_claims_are_read_and_no_word_on_the_address_is_believed() -> None:
    """Distrust is what one gets without asking (OAU-07)."""
    assert ProfileMap().read("https://idp.example", ANSWER) == Profile(
        issuer="https://idp.example", subject="1", name="Ada", email="ada@mail.example", email_verified=False
    )


def test_a_thing_is_in_a_member_or_where_a_function_finds_it_or_nowhere() -> None:
    """Each by itself."""
    mapped = ProfileMap(
        subject="id",
        subject_form=claims.number,
        name=None,
        username=lambda answer: answer["names"][0],
        verified="verified",
    )
    answer = {"id": 7, "name": "Ada", "names": ["ada"], "email": "ada@mail.example", "verified": True}
    profile = mapped.read("https://idp.example", answer)
    assert (profile.subject, profile.name, profile.username) == ("7", None, "ada")
    assert profile.email_verified


def test_an_address_that_is_none_takes_its_flag_with_it() -> None:
    """Nothing is verified without an address."""
    profile = ProfileMap(verified="verified").read("https://idp.example", ANSWER | {"email": "a@b@c"})
    assert (profile.email, profile.email_verified) == (None, False)


@pytest.mark.parametrize("images", [None, [], "large", 1, {}, {"large": []}, ...])
def test_an_answer_of_another_shape_than_a_function_expects_says_nothing(images: object) -> None:
    """It is no fault of ours, and verifies nothing."""
    answer = ANSWER if images is ... else ANSWER | {"images": images}
    mapped = ProfileMap(picture=lambda it: it["images"]["large"]["url"], verified=lambda it: it["images"].is_good)
    profile = mapped.read("https://idp.example", answer)
    assert (profile.picture, profile.email_verified) == (None, False)


def test_nobody_is_refused() -> None:
    """Whatever else the answer says."""
    with pytest.raises(LoginFailed):
        ProfileMap().read("https://idp.example", ANSWER | {"sub": "undefined"})
