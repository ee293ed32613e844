"""The rivals' packages, in the cache: a virtual environment that is not the project's own, and a
folder of Node's modules.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path

from servers.base import locked

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[3] / ".cache" / "rivals"
REQUIREMENTS = HERE.parents[2] / "requirements" / "rivals.txt"
MODULES = HERE.parents[2] / "requirements" / "node"


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


def node(say: Callable[[str], None]) -> Path:
    """Node, whose sides find the modules that were installed when they were first needed. Raises
    RuntimeError if it is absent or npm fails.
    """
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        raise RuntimeError("no node or no npm on the PATH")
    folder = FOLDER.with_name("rivals-node")
    wanted = hashlib.sha256((MODULES / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "installed"
    with locked(folder):
        if not stamp.exists() or stamp.read_text() != wanted:
            say("installing the rivals' modules of Node (once)")
            folder.mkdir(exist_ok=True)
            for file in MODULES.glob("package*.json"):
                shutil.copy(file, folder)
            _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
            stamp.write_text(wanted)
    os.environ["NODE_PATH"] = str(folder / "node_modules")
    return Path(program)


def _pip(found: Path) -> None:
    command = [str(found), "-m", "pip", "-q", "--disable-pip-version-check", "install"]
    pinned = ["--require-hashes", "--only-binary", ":all:", "-r", str(REQUIREMENTS)]
    _run([*command, *pinned], HERE)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.splitlines()[-5:]
        raise RuntimeError("\n    ".join([f"{Path(command[0]).name} fails:", *lines]))
