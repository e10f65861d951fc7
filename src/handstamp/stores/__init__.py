"""Stores, a folder each; each keeps the protocols of ``handstamp.core.protocols``."""
