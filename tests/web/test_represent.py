"""What the API says of users and sessions."""

import json

from handstamp.core.models import Generations, Principal, Session, User
from handstamp.web.represent import listed_session_data, moment, principal_data

USER = User(
    id="u1",
    created_at=1.0,
    email="ada@example.com",
    email_verified=True,
    name="Ada",
    username="ada",
    picture="https://pictures.example/ada.png",
    roles=frozenset({"writer", "analyst"}),
)
SESSION = Session(
    id="s1",
    user_id="u1",
    created_at=1_800_000_000.75,
    expires_at=1_802_592_000.0,
    last_used_at=1_800_000_060.0,
    idle_timeout=3600.0,
    generations=Generations(issued_at=1_800_000_000.0, confirmed_at=1_800_000_000.0),
    amr=("pwd", "otp"),
    aal=2,
    authenticated_at=1_800_000_000.0,
    user_agent="Firefox",
    address="203.0.113.7",
)


def test_times_are_rfc_3339_in_utc() -> None:
    """Whole seconds, with a Z."""
    assert moment(0) == "1970-01-01T00:00:00Z"
    assert moment(1_800_000_000.75) == "2027-01-15T08:00:00Z"


def test_a_principal_is_exactly_this() -> None:
    """What a view may know, and nothing else (B7)."""
    assert principal_data(Principal(user=USER, session=SESSION)) == {
        "authenticated": True,
        "user": {
            "id": "u1",
            "email": "ada@example.com",
            "email_verified": True,
            "name": "Ada",
            "username": "ada",
            "picture": "https://pictures.example/ada.png",
            "roles": ["analyst", "writer"],
        },
        "session": {
            "id": "s1",
            "created_at": "2027-01-15T08:00:00Z",
            "expires_at": "2027-02-14T08:00:00Z",
            "amr": ["pwd", "otp"],
            "aal": 2,
        },
    }


def test_a_listed_session_tells_the_user_which_device_it_is() -> None:
    """And whether it is the one that asks; nothing of its generations."""
    told = listed_session_data(SESSION, current="s2")
    assert told["current"] is False
    assert (told["user_agent"], told["address"], told["last_used_at"]) == (
        "Firefox",
        "203.0.113.7",
        "2027-01-15T08:01:00Z",
    )
    assert "generation" not in json.dumps(told)
    assert listed_session_data(SESSION, current="s1")["current"] is True
