"""Use cases over the protocols of core."""
