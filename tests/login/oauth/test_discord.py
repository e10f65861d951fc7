"""Discord: snowflakes, and avatars named by a hash."""

from typing import Any

import pytest

from login.oauth.every_provider import CASES
from login.oauth.exchanges import query

CASE = CASES["discord"]


def test_the_real_endpoints_are_asked() -> None:
    """With the secret by Basic, as it is documented."""
    _, _, url = CASE.begin()
    assert url.startswith("https://discord.com/oauth2/authorize?")
    assert query(url)["scope"] == "identify email"
    _, (token, account) = CASE.finish()
    assert token.url == "https://discord.com/api/oauth2/token"
    assert token.headers["authorization"].startswith("Basic ")
    assert account.url == "https://discord.com/api/v10/users/@me"


@pytest.mark.parametrize(
    "avatar", [None, ..., "", "../../evil", "8342729096ea3675442027381ff50dfg", "8" * 33, 1, ["8" * 32]]
)
def test_an_avatar_that_is_no_hash_is_no_picture(avatar: Any) -> None:
    """Nothing that a provider says gets into a path as it stands."""
    assert CASE.finish(avatar=avatar)[0].picture is None


def test_a_person_without_a_display_name_is_normal() -> None:
    """The user name is there in any case."""
    profile, _ = CASE.finish(global_name=None)
    assert (profile.name, profile.username) == (None, "ada")


@pytest.mark.parametrize("subject", [80351110224678912, "080351110224678912", "8035 1110", "9" * 21])
def test_a_snowflake_is_a_string_of_digits(subject: object) -> None:
    """A JSON number of that length is rounded by many programs: two people could become one."""
    assert CASE.refused(id=subject, avatar=None) == "invalid_response"
