"""Third-party test vectors, read from the folder beside the repository and never copied into it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

VECTORS_DIR = Path(
    os.environ.get("VECTORS_DIR") or Path(__file__).resolve().parents[2] / "shared" / "vectors"  # noqa: TID251  tests choose the folder
)


def load_text(relative_path: str) -> str:
    """The text of a vector file; where the folder is missing, a failure in CI and a told skip elsewhere."""
    path = VECTORS_DIR / relative_path
    if not path.exists():
        message = f"{path} is missing: set VECTORS_DIR to the folder with the third-party vectors"
        if os.environ.get("CI"):  # noqa: TID251  CI must not skip
            pytest.fail(message, pytrace=False)
        pytest.skip(message, allow_module_level=True)
    return path.read_text(encoding="utf-8")


def load(relative_path: str) -> Any:
    """The JSON of a vector file."""
    return json.loads(load_text(relative_path))
