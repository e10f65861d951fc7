"""Who has an account at the stand-ins."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone with an account at both stand-ins."""

    key: str
    """What the consent page's button sends."""
    x_id: str
    """Numeric, as at X."""
    screen_name: str
    name: str
    google_sub: str
    email: str
    colour: str
    """Of the picture."""

    @property
    def given_name(self) -> str:
        """The name up to the first space."""
        return self.name.partition(" ")[0]

    @property
    def family_name(self) -> str:
        """The name after the first space."""
        return self.name.partition(" ")[2]

    @property
    def picture_path(self) -> str:
        """Where the stand-ins serve the picture."""
        return f"/people/{self.key}.svg"

    @property
    def picture(self) -> str:
        """A small SVG: the initials on a coloured ground."""
        initials = f"{self.given_name[:1]}{self.family_name[:1]}"
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">'
            f'<rect width="96" height="96" fill="{self.colour}"/>'
            '<circle cx="48" cy="48" r="38" fill="none" stroke="#fff" stroke-opacity=".35" stroke-width="2"/>'
            '<text x="48" y="49" fill="#fff" font-family="system-ui, sans-serif" font-size="34" font-weight="600" '
            f'text-anchor="middle" dominant-baseline="central">{initials}</text></svg>'
        )


# Numbers are dates of birth: no one at the real ones has them by chance.
_ADA: Final = Person(
    key="ada",
    x_id="18151210",
    screen_name="ada",
    name="Ada Lovelace",
    google_sub="100000000000018151210",
    email="ada@example.com",
    colour="#5436b8",
)
_GRACE: Final = Person(
    key="grace",
    x_id="19061209",
    screen_name="grace",
    name="Grace Hopper",
    google_sub="100000000000019061209",
    email="grace@example.com",
    colour="#0b6b62",
)
_LINUS: Final = Person(
    key="linus",
    x_id="19010228",
    screen_name="linus",
    name="Linus Pauling",
    google_sub="100000000000019010228",
    email="linus@example.com",
    colour="#a2430f",
)

PEOPLE: Final = {person.key: person for person in (_ADA, _GRACE, _LINUS)}
"""Everyone, by key."""
