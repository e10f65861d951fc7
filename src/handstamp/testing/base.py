"""What every conformance suite has."""

import pytest


@pytest.mark.anyio
class ConformanceSuite:
    """Tests of one protocol, one for each sentence of its docstrings.

    A back end's test file subclasses the suites and provides two fixtures:

    ``store``: an open store that keeps nothing yet.
    ``peer``: another open store object on the same data, as another process would have; a store whose data
    cannot be shared gives the same object again.
    """

    @pytest.fixture(scope="class")
    @classmethod
    def anyio_backend(cls) -> str:
        """Stores run on asyncio."""
        return "asyncio"
