"""What every test has: one event loop, no network unless it says so, and the profiles of hypothesis.

A test marked ``network`` or ``browser`` reaches loopback and nothing else; others open no Internet socket.
"""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from handstamp.services import audit

LOOPBACK = ["127.0.0.1", "::1", "localhost"]

# hypothesis chooses "ci" where the environment says CI, else "default"; both are its own names.
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile(
    "ci",
    settings.get_profile("ci"),
    deadline=None,  # a busy machine is no defect
    derandomize=True,  # one commit, one verdict; `make fuzz` is where new examples are looked for
)
settings.register_profile(
    "fuzz",
    deadline=None,
    derandomize=False,
    max_examples=20_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let marked tests reach loopback (the rest is refused by --disable-socket in pyproject.toml)."""
    for item in items:
        if item.get_closest_marker("network") or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))


def pytest_collection_finish() -> None:
    """Keep what was collected out of the way of the garbage collector.

    Ten thousand tests are some 300,000 objects that live to the end. To go through them took a worker of a busy
    machine 0.9 s at a time, in which its event loop stood still: longer than a store may take in some tests.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def nothing_was_logged() -> None:
    """Many tests are of the same second: the refusals of one must not take the lines of another."""
    audit._floods.clear()


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder of the tests' own, for their processes too: nothing is kept in the home of whoever runs them."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def artefacts(pytestconfig: pytest.Config) -> Path:
    """The folder for screenshots and logs that a test leaves behind: ``build/artefacts``."""
    folder = pytestconfig.rootpath / "build" / "artefacts"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
