"""Records of the log and lines of the command line that have somebody's text in them."""

from __future__ import annotations

import ast
import io
import logging
from pathlib import Path

import pytest

import qtask_db
from qtask_db.log import get_logger, visible

PACKAGE = Path(qtask_db.__file__).parent
KEEPERS = {PACKAGE / "log.py", PACKAGE / "cli" / "process.py"}
FORGED = "a\n2026-01-01T00:00:00.000Z ERROR forged\r\x1b[2J\x9b\u2028\u202e\u061c\u206a\ud800b"


def calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_nothing_is_written_past_those_who_escape_it(path: Path) -> None:
    """Texts go into arguments of records, and through the function of the command line."""
    for call in calls(path):
        name, first = ast.unparse(call.func), (call.args or [ast.Constant("")])[0]
        formatted = isinstance(first, ast.JoinedStr)
        assert not (formatted and name in ("click.echo", "click.secho", "print")), call.lineno
        assert not (formatted and name.split(".")[0] in ("log", "logger")), call.lineno
        if name.endswith("logging.getLogger") and path not in KEEPERS:
            raise AssertionError(f"line {call.lineno}: get_logger of qtask_db.log escapes")


def test_a_record_shows_no_line_that_somebody_forged() -> None:
    log = get_logger("qtask_db.test")
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    error = RuntimeError(FORGED)
    log.error("it failed: %s, %s, %d", FORGED, error, 7, exc_info=error)
    log.removeHandler(handler)
    said = written.getvalue()
    assert not set(said) & set("\r\x1b\x9b\u2028\u202e\u061c\u206a\ud800")
    first, *others = said.rstrip("\n").split("\n")
    assert "it failed: a\\n2026-01-01T" in first
    assert others
    assert all(line.startswith("  ") for line in others)


def test_what_can_be_read_stays() -> None:
    for text in ("Zoë 東京 🦊 שלום", "a\u200db", "GCR:ORDER:BIND", r"C:\new"):
        assert visible(text) == text
