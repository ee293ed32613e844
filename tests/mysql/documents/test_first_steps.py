"""README.md and docs/quickstart.md, done command by command, with what they say is seen then."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import servers
from examples import ROOT, parsed, statements
from terminals import Reader
from testing import execute

from qtask_db import Connection

OWN = "## On servers of your own"
SEEN_ELSEWHERE = ("scripts/demo", "scripts/test")
DONE = ("python3 -m venv", "pip install")
"""Lines that have been done on a machine that runs tests."""
UNTRIED = re.compile(
    r"…|17|relay|worker|--watch|render|install|remove-queue|import-original|create --|NAME|ID$"
)
"""Commands in sentences that need more than it says there, or that do not end."""
NAMES = {"shop": "qtask_first_steps", "owner": "qtask_first_owner"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose servers are its own, with the environment of these tests as it is."""
    folder = tmp_path / "qtask-db"
    (folder / ".venv").mkdir(parents=True)
    for name in ("scripts", "tests", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    for path in Path(sys.prefix).iterdir():
        if not path.name.startswith(".installed"):
            (folder / ".venv" / path.name).symlink_to(path)
    stamp = "cat pyproject.toml scripts/requirements/*.txt | cksum >.venv/.installed-test"
    subprocess.run(["sh", "-c", stamp], cwd=folder, check=True)
    return folder


@pytest.fixture
def newcomer(checkout: Path) -> Iterator[Reader]:
    """Somebody who has set nothing but the source of the server programs."""
    kept = {"QTASK_SERVERS", "QTASK_CACHE"}
    environment = {n: v for n, v in os.environ.items() if n in kept or not n.startswith("QTASK_")}
    environment.pop("COLUMNS", None)  # of pytest's: lines would be broken
    with ExitStack() as stack:
        yield Reader(checkout, environment | {"PYTHONUNBUFFERED": "1"}, stack)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("document", ["README.md", "docs/quickstart.md"])
def test_it_leads_a_newcomer_to_a_task_that_is_handled(
    newcomer: Reader, document: str, engine: str
) -> None:
    content = (ROOT / document).read_text(encoding="utf-8")
    for kind, block in parsed(content.partition(OWN)[0]):
        if block == "scripts/servers\n":
            newcomer.sh(f"scripts/servers --engine {engine}")
        elif not block.startswith(SEEN_ELSEWHERE):
            getattr(newcomer, kind)(block.replace("servers: mysql", f"servers: {engine}"))


@pytest.fixture
def root(root: Connection) -> Iterator[Connection]:
    """On a server without a trace of the document's accounts."""
    before = root.raw.db.decode()
    yield root
    execute(root, f"USE {before}")
    execute(root, f"DROP DATABASE IF EXISTS {NAMES['shop']}")
    execute(root, f"DROP USER IF EXISTS {NAMES['owner']}@'%'")


@pytest.mark.timeout(600)
def test_it_leads_to_the_same_on_servers_of_ones_own(
    newcomer: Reader, root: Connection, database_server: servers.Server, redis_url: str, engine: str
) -> None:
    """And there each command works that stands in a sentence."""
    host = urlsplit(database_server.url).netloc.rpartition("@")[2]
    places = {"127.0.0.1:3306": host, "redis://127.0.0.1:6379/0": redis_url, **NAMES}
    quickstart = (ROOT / "docs/quickstart.md").read_text(encoding="utf-8")
    for kind, block in parsed(quickstart.partition(OWN)[2]):
        for written, real in places.items():
            block = block.replace(written, real)
        if kind == "sql":
            for statement in statements(block, engine):
                execute(root, statement)
        else:
            lines = [line for line in block.splitlines() if not line.startswith(DONE)]
            newcomer.sh("\n".join(lines))
    newcomer.text("… ok, … 0 failed\n")
    for number in range(8973, 8977):
        newcomer.sh(f"qtask create 'bind order' '{{}}' 1h GCR:ORDER:BIND --order-no {number}")
    for command in sorted(set(commands_in_sentences())):
        if command.count(" ") > 1 and not UNTRIED.search(command):
            newcomer.sh(f"{command} </dev/null")


def commands_in_sentences() -> Iterator[str]:
    pages = ("README.md", "docs/quickstart.md", "docs/guides/*.md")
    for path in (path for page in pages for path in ROOT.glob(page)):
        for command in re.findall(r"`(qtask [^`]+)`", path.read_text(encoding="utf-8")):
            yield " ".join(command.split())
