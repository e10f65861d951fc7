"""Rules, pure: no I/O, no clock, no environment, no framework."""
