"""The base of ways in: a link, and nothing else."""

import pytest
from starlette.requests import Request

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import Principal
from handstamp.testing import a_session, a_user
from handstamp.web.methods import Asked, Holdings, Way
from web_world import World


async def test_a_plain_way_in_has_a_link_and_nothing_else(world: World) -> None:
    """It judges no field, and is never asked to."""
    way = Way()
    way.id, way.label = "plain", "Plain"
    user = a_user()
    principal = Principal(user=user, session=a_session(user_id=user.id))
    holdings = Holdings(principal=principal, credentials=(), identities=(), now=1.0, fresh=True)
    assert (way.path, way.routes(world.auth), way.confirms) == ("/login/plain", (), None)
    assert way.login_part(Asked()) is way.security_part(holdings) is way.confirmation_part(holdings) is None
    with pytest.raises(ConfigurationError, match="Plain has no `confirm`"):
        await way.confirm(Request({"type": "http"}), world.auth, principal, "x")
