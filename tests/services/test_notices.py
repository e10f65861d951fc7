"""What owners are told without asking."""

import pytest

from handmade import SECRET
from handstamp import Auth
from handstamp.core.models import User
from handstamp.testing import NOW


@pytest.mark.parametrize(
    ("recorded", "subject"),
    [
        ("session_replayed", "We ended one of your sessions"),
        ("second_factor_added", "How you sign in was changed"),
        ("identity_linked", "How you sign in was changed"),
        ("signed_in", None),
    ],
)
@pytest.mark.parametrize("verified", [True, False])
async def test_the_owner_is_written_to(recorded: str, subject: str | None, *, verified: bool) -> None:
    """Where the address is known to be theirs, and about what others could have done; also after a new opening."""
    auth = Auth("memory://", origin="http://localhost:8000", secret=SECRET, clock=lambda: NOW)
    await auth.open()
    await auth.close()
    services = await auth.open()
    await auth.store.add_user(User(id="u", created_at=NOW, email="a@example.org", email_verified=verified))
    await services.audit.record(recorded, now=NOW, user_id="u")
    await services.audit.record(recorded, now=NOW, user_id="gone")
    await auth.events.settle()
    assert auth._outbox is not None
    await auth._outbox.send_due()
    assert [mail.subject for mail in auth.development_mails or ()] == ([subject] if subject and verified else [])
    await auth.close()
