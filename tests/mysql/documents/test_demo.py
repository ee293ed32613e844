"""scripts/demo: each way through, as a newcomer sees it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from examples import ROOT


@pytest.mark.timeout(300)
@pytest.mark.parametrize("arguments", [["--direct"], []])
def test_every_task_ends_as_it_should(arguments: list[str], engine: str) -> None:
    path = os.pathsep.join(str(ROOT / one) for one in ("scripts/tools", "tests/support"))
    done = subprocess.run(
        [sys.executable, "-m", "demonstration", "--engine", engine, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "none lost, none done twice" in done.stdout
    assert "processes and data removed" in done.stdout
    redis, relay = "redis " in done.stdout, "qtask relay" in done.stdout
    assert (redis, relay) == ((False, False) if arguments else (True, True))
