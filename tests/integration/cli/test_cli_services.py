"""relay and worker as services: what handlers' modules do to the log, and how terminals end."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from command_line import PAYLOAD, Qtask, create, stop, wait_for
from redis import Redis
from testing import query, row

from qtask_db import Connection

WORKER = """
import os, time
from qtask_db.worker import Worker
worker = Worker(os.environ["QTASK_DATABASE_URL"], os.environ["QTASK_REDIS_URL"])
@worker.handler("Q")
def handle(job):
    {body}
"""

TO_A_FILE = """
import logging.config
logging.config.dictConfig({
    "version": 1,
    "handlers": {"file": {"class": "logging.FileHandler", "filename": "app.log"}},
    "root": {"handlers": ["file"], "level": "WARNING"},
})
"""
TO_THE_CONSOLE = TO_A_FILE.replace(
    '"logging.FileHandler", "filename": "app.log"', '"logging.StreamHandler"'
)
LIKE_DJANGO = """
import logging.config
logging.config.dictConfig({
    "version": 1,
    "handlers": {"console": {"class": "logging.StreamHandler", "level": "ERROR"}},
    "loggers": {"django": {"handlers": ["console"], "level": "INFO"}},
})
"""
BY_FILE = """
import logging.config, pathlib
pathlib.Path("log.ini").write_text('''
[loggers]
keys = root
[handlers]
keys = file
[formatters]
keys =
[logger_root]
handlers = file
level = ERROR
[handler_file]
class = FileHandler
args = ("app.log",)
''')
logging.config.fileConfig("log.ini")
"""


@pytest.mark.parametrize(
    "configuration",
    [TO_A_FILE, TO_THE_CONSOLE, LIKE_DJANGO, BY_FILE],
    ids=["dict-file", "dict-console", "dict-django", "file"],
)
@pytest.mark.parametrize("late", [False, True], ids=["imported", "in-the-handler"])
def test_a_module_that_configures_logging_does_not_silence_the_worker(
    qtask: Qtask, conn: Connection, tmp_path: Path, configuration: str, late: bool
) -> None:
    (tmp_path / "settings.py").write_text(configuration)
    load = "import settings"
    source = WORKER.format(body=f"{load}; raise ValueError('it is broken')" if late else "1 / 0")
    (tmp_path / "orders.py").write_text(source if late else f"{load}\n{source}")
    process = qtask.start("worker", "orders:worker")
    task_id = create(qtask)
    wait_for(lambda: row(conn, task_id)["last_error"])
    code, err, _ = stop(process)
    assert code == 0, err
    assert err.count("Traceback") == 1, err
    assert err.count(" failed\n") == 1, err
    assert ("it is broken" if late else "ZeroDivisionError") in err
    assert "stopped" in err


def test_a_closed_terminal_lets_a_worker_drain(qtask: Qtask, tmp_path: Path) -> None:
    """SIGHUP comes twice: from the system and from the shell."""
    body = "print('runs', flush=True); time.sleep(2); print('ended', flush=True)"
    (tmp_path / "slow.py").write_text(WORKER.format(body=body))
    process = qtask.start("worker", "slow:worker")
    create(qtask)
    assert process.stdout is not None
    assert process.stdout.readline() == "runs\n"
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    process.send_signal(signal.SIGHUP)
    assert process.stdout.readline() == "ended\n"
    assert process.wait(60) == 0
    process.communicate()


def test_a_closed_terminal_lets_a_relay_end_its_batch(qtask: Qtask, redis: Redis) -> None:
    qtask("delay", "bind", PAYLOAD, 0, 60, "Q")
    process = qtask.start("relay")
    wait_for(lambda: redis.llen("Q"))
    code, err, _ = stop(process, signal.SIGHUP)
    assert code == 0, err
    assert "pushed=1" in err


def test_a_name_cannot_forge_a_line_of_the_log(
    qtask: Qtask, redis: Redis, conn: Connection
) -> None:
    name = "Q\x1b[31m\n2026-01-01T00:00:00.000Z ERROR forged\u202e"
    redis.set(name, "no list")
    qtask("delay", "bind", PAYLOAD, 0, 60, name)
    process = qtask.start("relay")
    wait_for(lambda: query(conn, f"SELECT COUNT(*) FROM {conn.prefix}task WHERE lane < 0")[0][0])
    _, err, _ = stop(process)
    assert "set aside" in err
    assert "\x1b" not in err
    assert "\u202e" not in err
    assert not any(line.startswith("2026-01-01") for line in err.splitlines())
