"""The HTTP side, built on Starlette."""
