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
from testing import until

HERE = Path(__file__).resolve().parent
PYTHONPATH = f"{HERE}{os.pathsep}{HERE.with_name('support')}"
LONGEST = 900.0
"""Seconds that a run may take: a busy machine needs many times what an idle one does."""

pytestmark = pytest.mark.timeout(LONGEST + 60)


def chaos(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "chaos", *arguments],
        env={**os.environ, "TMPDIR": str(folder), "PYTHONPATH": PYTHONPATH},
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
    chosen: list[str] = pytestconfig.getoption("--engine") or ["mysql"]
    return next(name for name in chosen if name != "oracle")


@pytest.mark.parametrize("transport", ["lists", "direct"])
def test_every_promise_is_kept(folder: Path, engine: str, transport: str) -> None:
    how = shlex.split(f"--transport {transport} --minutes 0.25 --seed 4 --kills 5")
    status, text = finished(chaos(folder, "--engine", engine, *how))
    assert status == 0, text
    assert "Every promise was kept." in text
    (kills,) = re.findall(r"kill -9 +([\d,]+):", text)
    assert int(kills.replace(",", "")) > 20, text
    (follow_ups,) = re.findall(r"made .* ([\d,]+) by failures", text)
    assert follow_ups != "0", text
    assert list(folder.iterdir()) == [], "nothing is left behind"


# Nothing here is by the clock alone: processes die by their fuses, which burn with what they do, so
# that a slow machine finds the same, only later. Connections that are cut make copies of messages.
@pytest.mark.parametrize(
    ("variant", "promises", "how"),
    [
        ("no fence", "owned twice|fence|early", "--kills 1 --faults cut-redis"),
        ("push before commit", "rolled back", "--kills 4 --faults none"),
        # A lease is overdue only if the other relays live long enough to scan.
        ("no lease", "lease", "--kills 0 --faults none"),
        ("take without lock", "owned twice|early", "--kills 0 --faults none --transport direct"),
    ],
)
def test_a_broken_system_is_found_out(
    folder: Path, first_engine: str, variant: str, promises: str, how: str
) -> None:
    hard = shlex.split(f"--minutes 12 --seed 1 --lease 2 --slack 3 {how}")
    status, text = finished(chaos(folder, "--engine", first_engine, *hard, "--broken", variant))
    assert status == 1, text
    assert re.search(rf"^  ({promises}): ", text, re.MULTILINE), text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_leaves_nothing_behind(folder: Path, number: signal.Signals) -> None:
    process = chaos(folder, "--minutes", "5", "--seed", "1")
    assert process.stdout is not None
    for line in process.stdout:
        if "disturbed" in line:
            break
    time.sleep(1)
    process.send_signal(number)
    status, text = finished(process)
    assert status == 128 + number, text
    assert list(folder.iterdir()) == []
    until(lambda: not _somebody_is_left(process.pid))


def _somebody_is_left(group: int) -> bool:
    """Some end a moment after the one that started them."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
