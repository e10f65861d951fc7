"""The version, where the build and ``handstamp --version`` read it without importing the rest."""

__version__ = "0.1.0"
