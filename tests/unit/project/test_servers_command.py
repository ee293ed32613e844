"""scripts/servers in the wrong moment. A reader's use of it is in
tests/mysql/documents/test_first_steps.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from servers import __main__ as command


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "FOLDER", tmp_path / "started")
    monkeypatch.setattr(command, "URLS", tmp_path / "started" / "urls")


def test_they_are_started_once() -> None:
    with command._lock() as held:
        assert command._take(held)
        with pytest.raises(command.CommandError, match="run already"):
            command.run(["mysql"])


def test_urls_of_servers_that_were_killed_are_not_told() -> None:
    command.FOLDER.mkdir()
    command._write(QTASK_DATABASE_URL="mysql://gone")
    with pytest.raises(command.CommandError, match="do not run"):
        command.env()


def test_urls_are_for_this_account_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with command._lock() as held:
        assert command._take(held)
        command._write(QTASK_DATABASE_URL="mysql://a", QTASK_REDIS_URL="redis://b")
        command.env()
    shown = "export QTASK_DATABASE_URL='mysql://a'\nexport QTASK_REDIS_URL='redis://b'\n"
    assert capsys.readouterr().out == shown
    assert command.URLS.stat().st_mode & 0o777 == 0o600
    assert command.FOLDER.stat().st_mode & 0o777 == 0o700


def test_nothing_is_there_to_stop() -> None:
    command.stop()
