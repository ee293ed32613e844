"""scripts/lint: an audit that could not be made never looks like one that found nothing."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
import vulnerabilities

from qtask_db.resources import directory

GOOD = {"name": "click", "version": "8.1.7", "vulns": []}
BAD = {**GOOD, "vulns": [{"id": "PYSEC-1", "fix_versions": ["8.2"]}]}
SKIPPED = {"name": "click", "skip_reason": "Dependency not found on PyPI and could not be audited"}
OURS = {"name": "qtask-db", "skip_reason": "distribution marked as editable"}


@pytest.mark.parametrize(
    ("said", "code", "ci_code", "words"),
    [
        ({"dependencies": [GOOD, OURS]}, 0, 0, "No known vulnerabilities in 1 packages"),
        ({"dependencies": [GOOD, BAD]}, 1, 1, "click 8.1.7: PYSEC-1, fixed in 8.2"),
        ({"dependencies": [BAD, SKIPPED]}, 1, 1, "PYSEC-1"),
        ({"dependencies": [GOOD, SKIPPED]}, 0, 2, "NOT audited: .* 1 of 2 packages"),
        ({"dependencies": [OURS]}, 0, 2, "NOT audited"),
        ({"dependencies": []}, 0, 2, "NOT audited"),
        (None, 0, 2, "NOT audited: pip-audit could not ask: no network"),
    ],
)
def test_what_it_says(
    said: Any,
    code: int,
    ci_code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = "" if said is None else json.dumps(said)
    done = subprocess.CompletedProcess([], 1, output, "Traceback\nno network\n")
    monkeypatch.setattr(subprocess, "run", lambda *_args, **_options: done)
    monkeypatch.delenv("QTASK_AUDIT", raising=False)
    assert vulnerabilities.main() == code
    monkeypatch.setenv("QTASK_AUDIT", "required")
    assert vulnerabilities.main() == ci_code
    assert re.search(words, "".join(capsys.readouterr()))


def test_no_procedure_runs_a_text_as_sql() -> None:
    """So that no argument can become one. A number becomes the step of a sequence: O14."""
    for path in directory("sql").rglob("*.sql"):
        if path.match("oracle/api/operating/reserve_ids.sql"):
            continue
        code = re.sub(r"/\*.*?\*/|--[^\n]*|'[^']*'", "", path.read_text(), flags=re.DOTALL)
        assert not re.search(r"\bPREPARE\b|\bEXECUTE\s+IMMEDIATE\b|\bDBMS_SQL\b", code, re.I), path
