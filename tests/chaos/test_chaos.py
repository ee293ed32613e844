"""scripts/chaos itself, in its short form: a sound system passes, a broken one is found out."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "chaos.py"
LONGEST = 280.0


def chaos(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *arguments],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        text, _ = process.communicate(timeout=LONGEST)
    finally:
        process.terminate()
    return process.returncode, text


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of a short path: a server's socket lies in it."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        Path(name).chmod(0o711)  # servers have accounts of their own
        yield Path(name)


@pytest.fixture
def first_engine(pytestconfig: pytest.Config) -> str:
    """The checker's own tests need one engine only."""
    chosen = pytestconfig.getoption("--engine") or ["mysql"]
    return next(name for name in chosen if name != "oracle")


def test_every_promise_is_kept(folder: Path, engine: str) -> None:
    status, text = finished(
        chaos(folder, "--engine", engine, "--minutes", "0.25", "--seed", "4", "--kills", "5")
    )
    assert status == 0, text
    assert "Every promise was kept." in text
    (kills,) = re.findall(r"kill -9 +([\d,]+):", text)
    assert int(kills.replace(",", "")) > 20, text
    assert list(folder.iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize(
    ("variant", "promise", "kills"),
    [
        ("no fence", "owned twice", 4),
        ("push before commit", "rolled back", 4),
        # A lease is overdue only where the other relays live long enough to scan.
        ("no lease", "lease", 1.5),
    ],
)
def test_a_broken_system_is_found_out(
    folder: Path, first_engine: str, variant: str, promise: str, kills: float
) -> None:
    hard = shlex.split(f"--minutes 3 --seed 1 --kills {kills} --faults none --lease 2 --slack 3")
    status, text = finished(chaos(folder, "--engine", first_engine, *hard, "--broken", variant))
    assert status == 1, text
    assert re.search(rf"^  ({promise}|fence): ", text, re.MULTILINE), text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_leaves_nothing_behind(folder: Path, number: signal.Signals) -> None:
    process = chaos(folder, "--minutes", "5", "--seed", "1")
    assert process.stdout is not None
    for line in process.stdout:
        if "disturbed" in line:
            break
    time.sleep(1)
    process.send_signal(number)
    text, _ = process.communicate(timeout=20)
    assert process.returncode == 128 + number, text
    assert list(folder.iterdir()) == []
    assert _nobody_is_left(process.pid)


def _nobody_is_left(group: int) -> bool:
    """Some end a moment after the one that started them."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
