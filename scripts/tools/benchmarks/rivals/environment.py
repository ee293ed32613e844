"""The rivals' packages: a virtual environment in the cache, never the project's own."""

from __future__ import annotations

import hashlib
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path

from servers.base import locked

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[3] / ".cache" / "rivals"
REQUIREMENTS = HERE.parents[2] / "requirements" / "rivals.txt"


def python(say: Callable[[str], None]) -> Path:
    """Its Python, made when it is first needed. Raises RuntimeError if pip fails."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp, found = FOLDER / "installed", FOLDER / "bin" / "python"
    with locked(FOLDER):
        if not stamp.exists() or stamp.read_text() != wanted:
            say("installing the rivals' packages (once)")
            venv.create(FOLDER, with_pip=True)
            _pip(found)
            stamp.write_text(wanted)
    return found


def _pip(found: Path) -> None:
    command = [str(found), "-m", "pip", "-q", "--disable-pip-version-check", "install"]
    pinned = ["--require-hashes", "--only-binary", ":all:", "-r", str(REQUIREMENTS)]
    done = subprocess.run([*command, *pinned], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError("\n    ".join(["pip fails:", *done.stderr.splitlines()[-5:]]))
