"""Calls of a relay or a worker that says that it is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from qtask_db.calls.arguments import check_numbers, check_texts
from qtask_db.constants import LIMIT
from qtask_db.database import bind


def report_process(
    conn: Any,
    name: str,
    kind: str,
    *,
    uptime: int,
    host: str | None = None,
    pid: int | None = None,
    program: str | None = None,
    queues: Sequence[str] | None = None,
    threads: int | None = None,
    busy: int | None = None,
) -> None:
    """Says that a process is there. Calls report_process. Raises TransactionOpen.

    `kind`: `relay` or `worker`. `uptime`: seconds since its start. `program`: its name and release.
    `queues`: those that it serves; None is any. `threads`, `busy`: handlers that it can run, and
    that run now.
    """
    check_texts(in_name=name, in_kind=kind, in_host=host, in_program=program)
    check_numbers(in_pid=pid, in_threads=threads, in_busy=busy, in_uptime=uptime)
    listed = None if queues is None else _names(queues)
    bind(conn).call("report_process", name, kind, host, pid, program, listed, threads, busy, uptime)


def forget_process(conn: Any, name: str) -> None:
    """Says that a process has ended as it was asked to. Calls forget_process. Raises
    TransactionOpen.
    """
    check_texts(in_name=name)
    bind(conn).call("forget_process", name)


def _names(queues: Sequence[str]) -> str:
    """As a JSON array; in place of those for which there is no room, dots."""
    for queue in queues:
        check_texts(in_queues=queue)
    left = LIMIT["process_queues"] - len('["..."]')
    named = [json.dumps(queue) for queue in queues]
    kept = []
    for name in named:
        left -= len(name) + len(", ")
        if left < 0:
            break
        kept.append(name)
    return f"[{', '.join(kept if len(kept) == len(named) else [*kept, json.dumps('...')])}]"
