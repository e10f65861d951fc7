"""The verbs as scripts: each runs on the server in one step, and nothing else runs beside it."""

from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "scripts"
_COMMON: Final = (_FOLDER / "common.lua").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the name by which a server that has seen it knows it."""

    text: str
    digest: str


def _script(name: str, *, writes: bool) -> Script:
    # With this first line the server refuses a script that writes before its first step where it may not write, be it
    # full, read-only or unable to save; without it, at the first write. Scripts that only read go on being answered.
    first = "#!lua" if writes else "#!lua flags=no-writes"
    text = f"{first}\n{_COMMON}\n{(_FOLDER / f'{name}.lua').read_text(encoding='utf-8')}"
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


START: Final = _script("start", writes=True)
LOAD: Final = _script("load", writes=False)
SWAP: Final = _script("swap", writes=True)
TOUCH: Final = _script("touch", writes=True)
END: Final = _script("end", writes=True)
END_ALL: Final = _script("end_all", writes=True)
LIST: Final = _script("list", writes=False)
PURGE: Final = _script("purge", writes=True)
FORGET: Final = _script("forget", writes=True)
COUNT: Final = _script("count", writes=True)
TAKE: Final = _script("take", writes=True)
RELEASE: Final = _script("release", writes=True)

ALL: Final = (START, LOAD, SWAP, TOUCH, END, END_ALL, LIST, PURGE, FORGET, COUNT, TAKE, RELEASE)
