"""The schema's own character set and collation do not matter: every text has its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import servers
from testing import content, execute, query, row

from qtask_db import Connection, Database, NewTask, calls
from qtask_db.errors import InvalidArgument
from qtask_db.install import install

SETS = [
    "latin1",
    "ascii",
    "ucs2",
    "utf16",
    "utf8mb4 COLLATE utf8mb4_general_ci",
    "utf8mb4 COLLATE utf8mb4_uca1400_ai_ci",
    "utf8mb4 COLLATE utf8mb4_0900_ai_ci",
]
# The last ones end in characters that weigh nothing in the newer collations.
QUEUES = [
    "orders",
    "ORDERS",
    "注文",
    "Q\N{GRINNING FACE}",
    "é",
    "e\u0301",
    "x\x1a",
    "x\u2028",
    "x\ufe0f",
]
NO_SUCH_COLLATION = (1273, 1253)


@pytest.fixture(params=SETS, ids=lambda name: name.rpartition(" ")[2])
def own(
    request: pytest.FixtureRequest, root: Connection, database_server: servers.Server
) -> Iterator[Connection]:
    """A connection to a schema of that character set, whose session has its collation, too."""
    name = "qtask_test_characters"
    execute(root, f"DROP DATABASE IF EXISTS {name}")
    try:
        execute(root, f"CREATE DATABASE {name} CHARACTER SET {request.param}")
    except Exception as error:
        if error.args[0] not in NO_SUCH_COLLATION:
            raise
        pytest.skip(f"this server has no {request.param}")
    url = database_server.url.rpartition("/")[0] + f"/{name}"
    install(url, {}, report=lambda _line: None)
    with Database(url).connect() as conn:
        if "COLLATE" in request.param:
            execute(conn, f"SET NAMES {request.param}")
            execute(conn, f"SET SESSION collation_server = {request.param.rpartition(' ')[2]}")
        yield conn
    execute(root, f"DROP DATABASE {name}")


def test_names_of_any_characters(own: Connection) -> None:
    one = [calls.create(own, q, {q: q}, 60, q, order_no=q, namespace=q[:64]) for q in QUEUES]
    assert all(task.created for task in one)
    elements = [NewTask(q, {q: q}, 60, q, order_no=q, namespace=q[:64]) for q in QUEUES]
    again = calls.create_many(own, elements)
    assert [t.task_id for t in again] == [t.task_id for t in one]
    assert not any(t.created for t in again)
    many = calls.create_many(own, [NewTask(q, {q: q}, 60, q, delay=0) for q in QUEUES * 2])
    assert all(t.created for t in many)
    assert len({row(own, t.task_id)["queue_id"] for t in many}) == len(QUEUES)
    stored = {r[0] for r in query(own, "SELECT queue FROM qtask_queue")}
    assert stored == set(QUEUES)
    for task, queue in zip(one, QUEUES, strict=True):
        (info,) = calls.list_tasks(own, queue=queue, namespace=queue[:64], order_no=queue)
        assert (info.task_id, info.name) == (task.task_id, queue)
        # Control characters and line ends are blanks there.
        assert queue.translate({0x1A: " ", 0x2028: " "}) in calls.explain(own, task.task_id).text
        calls.cancel(own, task.task_id)
    batch = calls.scan(own, "relay\N{GRINNING FACE}")
    assert {m.queue for m in batch.messages} == set(QUEUES)
    announced = [(m.task_id, m.attempt, m.queue) for m in batch.messages]
    started = calls.receive_many(own, announced).started
    assert {(t.task_id, t.queue, t.payload) for t in started} == {
        (m.task_id, m.queue, m.payload) for m in batch.messages
    }
    assert calls.finish_many(own, [(t.task_id, t.attempt) for t in started]) == []
    calls.confirm(own, batch.batch_id, "relay\N{GRINNING FACE}")


@pytest.mark.parametrize("bulk", [False, True])
def test_what_is_refused_is_refused_in_words(own: Connection, bulk: bool) -> None:
    for queue in (" ", "x ", "\N{GRINNING FACE}" * 129):
        before = content(own)
        elements = [NewTask("job", {}, 60, queue)]
        with pytest.raises(InvalidArgument, match="1 to 128 characters"):
            calls.create_many(own, elements) if bulk else calls.create(own, "job", {}, 60, queue)
        assert content(own) == before


def test_a_queue_that_is_held_is_not_handed_out(own: Connection) -> None:
    calls.create_many(own, [NewTask("job", {}, 3600, q, delay=0) for q in QUEUES])
    for held in QUEUES:
        batch = calls.scan(own, "r", held=[held])
        assert {m.queue for m in batch.messages} == set(QUEUES) - {held}
        calls.release(own, batch.batch_id, "r")
        calls.next_due(own, held=[held])
