"""How the time of each call grows with its input: ten times of it should take ten times as long."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from pymysql import MySQLError

from qtask_db.database import Connection

from ..bench import INTERVAL, NOW, Bench, Schema
from ..figure import Figure
from ..shapes import ARGUMENTS, BULK, CALLS, FILLINGS, FIRST, QUEUE, TEXTS, Shape

REACH = 2.0
SIZES, KEYS = (1_000, 10_000), (20_000, 200_000)
BYTES = (1_000_000, 64_000_000)
OF_KINDS = ("tasks", "start", "payload", "options", "held of scan")
"""The arguments that are tried with every kind of text; the others are names."""
QUEUE_ID = 1_000_000
CHUNK = 1_000


def curve(bench: Bench) -> list[Figure]:
    """The server's milliseconds for the larger of two inputs, of its processors if it is a process
    of this machine: then the machine may be busy. The ratio is how much faster than the input they
    have grown; a call that is refused at once grows by less than 1.
    """
    schema = bench.schema("bcurve_")
    schema.sql(f"SET GLOBAL max_allowed_packet = {2**26}")
    less = 10 if bench.quick else 1
    figures = []
    for shapes, sizes in ((BULK, SIZES), (CALLS, SIZES), (TEXTS, KEYS)):
        elements = shapes is not TEXTS
        for shape in shapes:
            figures.append(_figure(bench, schema, shape, [n // less for n in sizes], elements))
    for argument, call in ARGUMENTS.items():
        for kind in FILLINGS if argument in OF_KINDS else ("letters", "ED"):
            shape = Shape(f"{argument}: {kind}", call, made=FILLINGS[kind])
            figures.append(_figure(bench, schema, shape, [n // less for n in BYTES], False))
    return figures


def _figure(bench: Bench, schema: Schema, shape: Shape, sizes: list[int], elements: bool) -> Figure:
    took = []
    for size in sizes:
        with schema.database.connect() as conn:
            conn.raw._read_timeout = None
            _prepare(schema, conn, shape, size if elements else 1)
            if shape.made:
                _run(conn, f"SET @text = {shape.made.format(n=size)}")
            else:
                _run(conn, "SET @text = %s", shape.text(size))
            _run(conn, shape.before.format(p=schema.prefix))
            if shape.transaction:
                _run(conn, "SET autocommit = 0")
                _run(conn, f"SELECT COUNT(*) FROM {schema.table}")
            seconds, refusal = _timed(conn, shape.call.format(p=schema.prefix), bench.database_pid)
            took.append(seconds)
            conn.rollback()
    growth = took[-1] / took[0] / (sizes[-1] / sizes[0])
    figure = Figure(
        f"{shape.name} {sizes[-1]:,}",
        1000 * took[-1],
        "ms",
        ratio=growth,
        reach=REACH,
        at_most=True,
        of_ratio=True,
        note=refusal,
    )
    bench.say(f"  {figure.name}: {figure.measured:,.0f} ms, {growth:.2f}")
    return figure


def _timed(conn: Connection, statement: str, pid: int | None) -> tuple[float, str]:
    began = _spent(pid)
    refusal = ""
    try:
        _run(conn, statement)
    except MySQLError as error:
        refusal = f"refused ({error.args[0]})"
    return _spent(pid) - began, refusal


def _spent(pid: int | None) -> float:
    """Seconds of all threads of a process, from any moment on."""
    schedules = list(Path(f"/proc/{pid}/task").glob("*/schedstat"))
    if not schedules:
        return time.perf_counter()
    spent = 0
    for schedule in schedules:
        with suppress(FileNotFoundError):  # a thread that ends
            spent += int(schedule.read_text().split()[0])
    return spent / 1e9


def _run(conn: Connection, statement: str, *arguments: str) -> None:
    if not statement:
        return
    with conn.raw.cursor() as cursor:
        cursor.execute(statement, arguments or None)
        while cursor.nextset():
            pass


def _prepare(schema: Schema, conn: Connection, shape: Shape, size: int) -> None:
    """The queues and tasks that the call finds."""
    prefix = schema.prefix
    for table in ("task", "batch", "queue"):
        _run(conn, f"TRUNCATE TABLE {prefix}{table}")
    queues = [(QUEUE_ID, QUEUE)]
    if shape.queues:
        queues += [(n + 1, f"q{n}") for n in range(size)]
    for first in range(0, len(queues), CHUNK):
        rows = ", ".join(f"({n}, 'default', '{q}')" for n, q in queues[first : first + CHUNK])
        _run(conn, f"INSERT INTO {prefix}queue (queue_id, namespace, queue) VALUES {rows}")
    for first in range(0, shape.count * size, CHUNK):
        numbers = range(first, min(size, first + CHUNK))
        rows = ", ".join(_row(shape, n) for n in numbers)
        _run(
            conn,
            f"INSERT INTO {prefix}task (task_id, lane, queue_id, status, name, payload, "
            f"interval_seconds, delete_deadline, max_count, created_at, deadline_at, due_at) "
            f"VALUES {rows}",
        )


def _row(shape: Shape, number: int) -> str:
    queue = number + 1 if shape.queues else QUEUE_ID
    return (
        f"({FIRST + number}, {queue if shape.status else 0}, {queue}, {shape.status}, 'n', '{{}}', "
        f"{INTERVAL}, 0, 100, {NOW}, {NOW} + INTERVAL 1 DAY, {NOW} - INTERVAL 1 SECOND)"
    )
