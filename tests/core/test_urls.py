"""URLs of stores as they may be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.urls import masked


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("sqlite:///app.db", "sqlite:///app.db"),
        ("sqlite:////srv/a:b@c.db", "sqlite:////srv/a:b@c.db"),
        ("memory://", "memory://"),
        ("postgresql://ada@db.example/app", "postgresql://ada@db.example/app"),
        ("postgresql://ada:pw@db.example:5432/app", "postgresql://ada:***@db.example:5432/app"),
        ("postgresql://ada:p@ss/w:rd@db.example/app", "postgresql://ada:***@db.example/app"),
        ("redis://:pw@cache.example/0", "redis://:***@cache.example/0"),
        ("postgresql://db.example/app?password=pw&user=ada", "postgresql://db.example/app?password=***&user=ada"),
        (
            "postgresql://db.example/app?user=ada&sslpassword=pw",
            "postgresql://db.example/app?user=ada&sslpassword=***",
        ),
    ],
)
def test_a_password_in_a_database_url_is_masked(url: str, safe: str) -> None:
    """The rest is shown."""
    assert masked(url) == safe


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20))
def test_no_character_of_a_password_lets_it_out(password: str) -> None:
    """Whatever is in it, escaped or not."""
    assert masked(f"postgresql://ada:{password}@db.example/app") == "postgresql://ada:***@db.example/app"
