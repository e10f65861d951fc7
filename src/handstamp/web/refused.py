"""A form that was refused, to be shown again."""

from dataclasses import dataclass, field

from handstamp.core.errors import InvalidInput, RateLimited
from handstamp.core.faults import Fault
from handstamp.core.text import N_
from handstamp.web.pages.contexts import Filled


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedForm:
    """How a page is answered that shows a refused form again. What was typed is not in it: it was a secret."""

    status: int
    filled: Filled
    headers: dict[str, str] = field(default_factory=dict[str, str])


def refused_form(error: InvalidInput | RateLimited, name: str) -> RefusedForm:
    """What to answer, with a fault beside the field where somebody has to wait.

    Args:
        error: Why it was refused.
        name: The field that was tried.
    """
    if isinstance(error, InvalidInput):
        return RefusedForm(status=422, filled=Filled(faults=error.faults))
    fault = Fault(
        error.code,
        N_("There were too many attempts. Try again in %(seconds)s seconds."),
        f"/{name}",
        {"seconds": error.retry_after},
    )
    return RefusedForm(status=429, filled=Filled(faults=(fault,)), headers={"Retry-After": str(error.retry_after)})
