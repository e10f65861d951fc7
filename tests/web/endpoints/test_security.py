"""The page about ways in: each has its part."""

from dataclasses import dataclass

from handstamp.core.models import CredentialKind
from handstamp.testing import a_credential
from handstamp.web.methods import Asked, Holdings, Way
from handstamp.web.pages.contexts import Part
from web_world import PAGE, World, cookie, visiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Part):
    """What the way below shows: a template of ours that needs a link will do."""

    template = "_mark.svg"


class Showing(Way):
    """A way in that notes what it is told of the user."""

    id = "showing"
    label = "Showing"

    def __init__(self) -> None:
        self.told: list[Holdings] = []

    def login_part(self, asked: Asked) -> Part | None:
        """A part instead of a link."""
        return Shown()

    def security_part(self, holdings: Holdings) -> Part | None:
        """Note, and show."""
        self.told.append(holdings)
        return Shown()


class Silent(Way):
    """A way in that shows nothing."""

    id = "silent"
    label = "Silent"


async def test_each_way_in_is_told_what_the_user_has() -> None:
    """And whether it may be changed now (SES-09)."""
    way = Showing()
    world = World(methods=[way, Silent()])
    user = await world.user()
    await world.store.add_credential(a_credential(user.id, CredentialKind.PASSKEY), most=1)
    issued = await world.sign_in(user)
    async with visiting(world) as visitor:
        fresh = await visitor.get("/auth/account/security", headers=PAGE | cookie(issued))
        world.clock.now += 900
        stale = await visitor.get("/auth/account/security", headers=PAGE | cookie(issued))
    assert (fresh.status_code, stale.status_code) == (200, 200)
    assert [(one.fresh, len(one.credentials), len(one.identities)) for one in way.told] == [
        (True, 1, 1),
        (False, 1, 1),
    ]
    assert way.told[0].principal.user == user
    confirm = "/auth/reauthenticate?return_to=%2Fauth%2Faccount%2Fsecurity"
    assert (confirm in fresh.text, confirm in stale.text) == (False, True)
    assert fresh.text.count('class="mark"') == 2


async def test_nobody_is_sent_to_sign_in(world: World) -> None:
    """And back."""
    async with visiting(world) as visitor:
        response = await visitor.get("/auth/account/security", headers=PAGE)
        ended = await world.sign_in()
        await world.end(ended)
        over = await visitor.get("/auth/account/security", headers=PAGE | cookie(ended))
    assert (response.status_code, over.status_code) == (303, 401)
    assert response.headers["location"] == "/auth/login?return_to=%2Fauth%2Faccount%2Fsecurity"


async def test_a_way_in_with_a_part_has_no_link_beside_it() -> None:
    """The others have theirs."""
    async with visiting(World(methods=[Showing(), Silent()])) as visitor:
        html = (await visitor.get("/auth/login", headers=PAGE)).text
    assert "/auth/login/silent" in html
    assert "/auth/login/showing" not in html
    assert html.count('class="mark"') == 2
