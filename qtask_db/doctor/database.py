"""Checks of an installation: server, schema, privileges, clock, relays.

The checks that only one engine has are in `qtask_db/doctor/<dialect>/server.py`: it offers
`examine(raw, prefix)` and `encryption(raw, url)`, of checks on a driver's connection.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from qtask_db import urls
from qtask_db.doctor.advice import advice
from qtask_db.doctor.check import NAMED, Check, Level, fail, named, ok, safely, unseen, warn
from qtask_db.errors import AccessDenied, NotInstalled, QtaskError

if TYPE_CHECKING:
    from qtask_db.database import Connection, Database
    from qtask_db.models import QueueDepth
    from qtask_db.schema.structure import Difference

LAG_TOLERANCE = 60.0


def examine_database(database: Database) -> Generator[Check, None, list[QueueDepth]]:
    """Every check of the database's side, in an order that one can follow.

    Returns the queues, none if they cannot be seen.
    """
    from qtask_db.doctor.calls import examine_calls
    from qtask_db.doctor.registry import examine_lost, examine_registry

    started = time.monotonic()
    try:
        connection = database.connect(autocommit=True)
    except QtaskError as error:
        yield fail("connection", str(error), advice(error))
        return []
    took = time.monotonic() - started
    with connection:
        yield ok("connection", f"{database} in {took * 1000:.0f} ms")
        dialect = importlib.import_module(f"qtask_db.doctor.{database.dialect}.server")
        look = dialect.encryption(connection.raw, urls.split(database.url))
        yield from safely("encryption", look, database.translate)
        yield from dialect.examine(connection.raw, database.prefix)
        schema = list(safely("schema", _schema(connection), database.translate))
        yield from schema
        if any(check.level is Level.FAIL and check.name == "schema" for check in schema):
            return []
        yield from safely("calls", examine_calls(connection), database.translate)
        depth: list[QueueDepth] = []
        yield from safely("relays", _waits(connection, depth), database.translate)
        yield from safely("processes", _processes(connection), database.translate)
        yield from safely("lapses", _lapses(connection), database.translate)
        yield from safely("queues", examine_registry(connection), database.translate)
        lost = examine_lost(connection, dialect.lost_queues)
        yield from safely("lost queues", lost, database.translate)
        return depth


def _schema(connection: Connection) -> Iterator[Check]:
    """Whether the schema is there, of this version, and every procedure of the present text."""
    from qtask_db.schema.objects import objects_of
    from qtask_db.schema.render import VERSION, Renderer, is_newer
    from qtask_db.settings import Settings

    try:
        stored = dict(connection.select("setting", ("name", "value")))
    except AccessDenied as error:
        yield _schema_unseen(connection)
        yield unseen("tables", str(error))
        return
    except NotInstalled as error:
        # Oracle says the same if the account may not read it.
        answer = _schema_unseen(connection)
        missing = fail("schema", str(error), advice(error))
        yield answer if answer.level is Level.OK else missing
        if answer.level is Level.OK:
            yield unseen("tables", str(error))
        return
    version = stored.get("version")
    if version is None:
        yield fail(
            "schema", "its installation has not come to its end", "run `qtask install` again"
        )
        return
    if version != VERSION:
        text = f"{version} is installed, this package is {VERSION}"
        if is_newer(version):
            yield ok("schema", f"{text}; older programs work with newer schemas")
        else:
            yield fail("schema", text, "run `qtask install`")
        return
    yield ok("schema", f"qtask-db {version}, prefix {connection.prefix}")
    chosen = {name: stored[name] for name in Settings().stored() if name in stored}
    settings = Settings(connection.prefix).updated(chosen)
    schema = objects_of(connection.dialect.name)
    found = schema.current(connection.raw, connection.prefix, stored)
    renderer = Renderer(connection.dialect.name, settings)
    stale = [one.name for one in renderer.objects if found.get(one.name) != one.digest]
    if stale:
        names = ", ".join(stale[:5]) + (", ..." if len(stale) > 5 else "")
        text = f"{len(stale)} of {len(renderer.objects)} procedures and views are missing, have"
        text += f" another text or were created by an account that is gone: {names}"
        yield fail("procedures", text, "run `qtask install`, which creates them again")
    else:
        yield ok("procedures", f"all {len(renderer.objects)} and views have this version's text")
    yield from safely(
        "tables",
        _tables(schema.differences(connection.raw, renderer.changes())),
        connection.dialect.translate,
    )


def _tables(differences: Iterator[Difference]) -> Iterator[Check]:
    """Whether they are as the migrations make them."""
    found = list(differences)
    for one in found:
        lost = "`qtask render` has the statement that creates it"
        yield fail("tables", f"{one.table}: {one.text}", one.statement or lost)
    if not found:
        yield ok("tables", "columns and indexes are those of this version")


def _schema_unseen(connection: Connection) -> Check:
    """An account with a role may read no table: does one of its calls or views answer?"""
    from qtask_db import calls

    harmless: list[Callable[[], object]] = [
        lambda: calls.create_many(connection, []),
        lambda: calls.processing_many(connection, []),
        lambda: calls.next_due(connection),
        lambda: calls.depth(connection),
    ]
    for call in harmless:
        try:
            call()
        except (AccessDenied, NotInstalled):
            continue
        except QtaskError as error:
            return fail("schema", str(error), advice(error))
        return ok("schema", "installed; this account may not read its version")
    return fail(
        "schema",
        "not there, or this account may not use it",
        "run `qtask install`, or grant a role",
    )


def _waits(connection: Connection, depth: list[QueueDepth]) -> Iterator[Check]:
    """Whether somebody takes the tasks that are due; notes the queues."""
    from qtask_db import calls

    depth += calls.depth(connection)
    direct = [row for row in depth if row.delivery == "direct"]
    due, lag = _late(row for row in depth if row.delivery != "direct")
    if lag <= LAG_TOLERANCE:
        yield ok("relays", f"{due:,} due tasks, lag {lag:.1f} s")
    else:
        yield warn(
            "relays",
            f"{due:,} due tasks wait for a relay, the oldest for {lag:,.0f} s",
            "start `qtask relay`; where one runs, see its log, and whether a queue is full",
        )
    if direct:
        yield _direct(direct)


def _direct(queues: list[QueueDepth]) -> Check:
    """Which queues are direct, and whether somebody takes their tasks."""
    due, lag = _late(queues)
    late = [row for row in queues if row.lag > LAG_TOLERANCE and not row.paused]
    names = sorted({row.queue for row in (late or queues)})
    listed = ", ".join(names[:NAMED])
    listed += f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    if not late:
        return ok("direct queues", f"{listed}: {due:,} due tasks, lag {lag:.1f} s")
    return warn(
        "direct queues",
        f"{due:,} due tasks wait for a worker, the oldest for {lag:,.0f} s: {listed}",
        "start `qtask worker`; where one runs, see its log, and whether its account may call "
        "take_tasks",
    )


def _late(queues: Iterable[QueueDepth]) -> tuple[int, float]:
    """How many tasks are due, and for how long the oldest has been. A paused queue is behind on
    purpose.
    """
    rows = [row for row in queues if not row.paused]
    return sum(row.due for row in rows), max((float(row.lag) for row in rows), default=0.0)


def _processes(connection: Connection) -> Iterator[Check]:
    """Which relays and workers are there, and which have vanished."""
    from qtask_db import calls

    found = calls.list_processes(connection)
    vanished = {
        f"{one.kind} {one.name}": one.host or "?" for one in found if one.state == "vanished"
    }
    here = [one for one in found if one.state == "here"]
    if vanished:
        yield warn(
            "processes",
            f"{len(vanished):,} have vanished within a day: {named(vanished)}",
            "see their logs and who starts them again; `qtask ps` lists all",
        )
        return
    counts = [f"{sum(one.kind == kind for one in here):,} {kind}s" for kind in ("relay", "worker")]
    programs = sorted({one.program for one in here if one.program})
    yield ok("processes", ", ".join(counts) + (f", of {', '.join(programs)}" if programs else ""))


def _lapses(connection: Connection) -> Iterator[Check]:
    """Whether tasks are started again and again and never end. One lapse is any worker's death."""
    rows = connection.select("lapsed_tasks", ("task_id", "queue", "lapses"))
    again = sorted((row for row in rows if row[2] > 1), key=lambda row: row[2], reverse=True)
    if not again:
        yield ok("lapses", f"{len(rows):,} tasks whose last attempt never ended, none again")
        return
    task_id, queue, lapses = again[0]
    yield warn(
        "lapses",
        f"{len(again):,} tasks were started several times in a row and never ended, "
        f"{task_id} of {queue} {lapses + 1} times",
        f"see `qtask explain {task_id}` and the logs of its workers: it may kill them, or die with "
        "a task that does, or take longer than its interval without an extension",
    )
