"""install, uninstall, render."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Qtask


def test_install_again_and_another_prefix_and_uninstall(qtask: Qtask, database_url: str) -> None:
    assert qtask("install", database_url, QTASK_DATABASE_URL=None).code == 0
    options = ("--payload-limit", 100, "--maintenance-minutes", 60)
    assert qtask("install", "--prefix", "other_", *options).code == 0
    assert qtask("create", "a", "{}", 60, "Q", "--prefix", "other_").code == 0
    big = '{"x": "' + "y" * 200 + '"}'
    assert "in_payload" in qtask.fails(1, "create", "a", big, 60, "Q", "--prefix", "other_")
    refused = qtask("uninstall", "--prefix", "other_")
    assert refused.code == 2
    assert "1 active task" in refused.err
    assert qtask("stats", "--prefix", "other_").code == 0
    gone = qtask("uninstall", "--prefix", "other_", "--yes")
    assert gone.code == 0
    assert qtask("stats", "--prefix", "other_").code == 3
    assert qtask("stats").code == 0
    again = qtask("uninstall", "--prefix", "other_", "--yes")
    assert (again.code, "nothing of the prefix other_" in again.err) == (1, True)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--payload-limit", "1"], "payload_limit must be"),
        (["--max-lapses", "0"], "max_lapses must be"),
        (["--push-grace", "0"], "push_grace must be"),
        (["--maintenance-minutes", "1441"], "maintenance_minutes must be"),
        (["--prefix", "x;drop"], "prefix must be"),
        (["--tablespace", "a b"], "tablespace must be"),
        (["--sequence-cache", "-1"], "sequence_cache must be"),
    ],
)
@pytest.mark.parametrize("command", ["install", "render"])
def test_wrong_settings_are_3(qtask: Qtask, command: str, options: list[str], text: str) -> None:
    assert text in qtask.fails(3, command, *options)


def test_render(qtask: Qtask, tmp_path: Path) -> None:
    env = {"QTASK_DATABASE_URL": None}
    script = qtask("render", "--dialect", "mysql", "--prefix", "pay_", **env)
    assert "pay_create_task" in script.out
    assert "qtask_create_task" not in script.out
    assert "EVENT" not in script.out
    script_of_event = qtask("render", "--prefix", "pay_", "--maintenance-minutes", 7, **env)
    assert "CREATE EVENT pay_maintenance\nON SCHEDULE EVERY 7 MINUTE" in script_of_event.out
    assert qtask("render", "--prefix", "pay_", "-o", "x.sql", **env).out == ""
    assert (tmp_path / "x.sql").read_text() == script.out
    grants = qtask("render", "--grants", **env).out
    assert "GRANT EXECUTE ON PROCEDURE qtask_create_task" in grants
    assert "CREATE TABLE" not in grants
