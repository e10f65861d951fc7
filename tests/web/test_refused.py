"""Forms that were refused."""

from handstamp.core.errors import InvalidInput, RateLimited
from handstamp.core.faults import Fault
from handstamp.web.refused import refused_form


def test_faults_come_back_beside_their_fields() -> None:
    """422, and nothing of what was typed."""
    fault = Fault("code_wrong", "Look again.", "/code")
    form = refused_form(InvalidInput([fault]), "code")
    assert (form.status, form.filled.faults, form.filled.values, form.headers) == (422, (fault,), {}, {})


def test_a_wait_is_told_beside_the_field() -> None:
    """429, with Retry-After."""
    form = refused_form(RateLimited(29.2), "code")
    assert (form.status, form.headers) == (429, {"Retry-After": "30"})
    fault = form.filled.fault("code")
    assert fault is not None
    assert fault.text == "There were too many attempts. Try again in 30 seconds."
