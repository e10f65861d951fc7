"""What the parts of the memory store share."""

from handstamp.stores.memory.feed import Journal


class Part:
    """Has the journal in which a verb notes what it changed.

    No verb awaits anything, so that each is atomic for all callers of one event loop.
    """

    def __init__(self) -> None:
        self._journal = Journal()
