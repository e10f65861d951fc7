"""Frameworks, a module each, with the same names in each."""
