"""A store in the memory of one process, for tests and demonstrations."""

from handstamp.stores.memory.store import MemoryStore

__all__ = ["MemoryStore"]
