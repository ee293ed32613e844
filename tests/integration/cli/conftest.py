"""The command line as a person meets it: real processes, and a real server if one is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import AWAY, Qtask


@pytest.fixture
def qtask(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Qtask]:
    """The command with an installed, empty schema and an empty Redis."""
    command = Qtask(database_url, redis_url, tmp_path)
    yield command
    command.end()


@pytest.fixture
def offline(tmp_path: Path) -> Qtask:
    """The command with servers that are away."""
    return Qtask(f"mysql://u:s3cret@{AWAY}/x", f"redis://:s3cret@{AWAY}/0", tmp_path)
