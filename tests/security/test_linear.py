"""The work of each call grows as its input does, also if all elements are duplicates or refused: so
a call ends soon after its client has left, and nobody keeps a server busy with a few texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from testing import query, refused

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument, QtaskError

Account = Callable[..., Connection]
Use = Callable[[Connection, int], object]
Pairs = list[tuple[int, int | None]]
SMALL, LARGE = 100, 400
TOLERANCE = 1.5
"""Trees get higher, and sorts need more passes; the square of the input would make it 4."""
COUNTED = {
    "mysql": "SHOW SESSION STATUS LIKE 'Handler\\_%'",
    "oracle": "SELECT name, value FROM v$sesstat JOIN v$statname USING (statistic#) "
    "WHERE name = 'session logical reads' AND sid = {}",
}
SESSION = {
    "mysql": "SELECT CONNECTION_ID()",
    "oracle": "SELECT SYS_CONTEXT('USERENV', 'SID') FROM dual",
}


def job(number: int, **more: Any) -> NewTask:
    return NewTask(
        **({"name": "job", "payload": {"n": number}, "interval": 60, "queue": "Q"} | more)
    )


def create(conn: Connection, size: int, **more: Callable[[int], Any]) -> Sequence[Any]:
    """Tasks with what is given for the number of each."""
    return calls.create_many(
        conn, [job(n, **{name: value(n) for name, value in more.items()}) for n in range(size)]
    )


def ordered(conn: Connection, size: int) -> Pairs:
    """Tasks with order numbers, and the attempt that is their first."""
    return [(task.task_id, 1) for task in create(conn, size, order_no=str)]


def twice(conn: Connection, size: int) -> object:
    return create(conn, size, order_no=lambda n: str(n % (size // 2)))


def last_is_bad(conn: Connection, size: int) -> object:
    return create(conn, size, interval=lambda n: 60 if n < size - 1 else -1)


CREATIONS: dict[str, Use] = {
    "new": create,
    "new with order numbers": ordered,
    "one order number": lambda conn, size: create(conn, size, order_no=lambda _: "same"),
    "each order number twice": twice,
    "a queue each": lambda conn, size: create(conn, size, queue=lambda n: f"Q{n}"),
    "the last one refused": last_is_bad,
    "all refused": lambda conn, size: create(conn, size, interval=lambda _: -1),
}
BULK: dict[str, Callable[[Connection, Pairs], object]] = {
    "start": calls.processing_many,
    "receive": lambda conn, pairs: calls.receive_many(conn, [(*pair, "Q") for pair in pairs]),
    "receive another's": lambda conn, pairs: calls.receive_many(
        conn, [(*pair, "OTHER") for pair in pairs]
    ),
    "finish": calls.finish_many,
    "return": calls.return_many,
}
PAIRS: dict[str, Callable[[int, Pairs], Pairs]] = {
    "sound": lambda _, given: given,
    "unknown": lambda size, _: [(10**12 + n, 1) for n in range(size)],
    "stale": lambda _, given: [(task_id, 9) for task_id, _attempt in given],
    "one task": lambda size, given: [(given[0][0], n) for n in range(1, size + 1)],
    "one pair": lambda size, given: given[:1] * size,
}


@pytest.fixture
def grows(conn: Connection) -> Callable[[Connection, Use, Use], float]:
    """How much faster than its input the work of a call grows: the rows that the session touches,
    on Oracle the blocks. Work before the call is not counted.
    """

    def touched(session: Connection) -> int:
        where = query(session, SESSION[conn.dialect.name])[0][0]
        reader = session if conn.dialect.name == "mysql" else conn
        return sum(int(row[1]) for row in query(reader, COUNTED[conn.dialect.name].format(where)))

    def grows(session: Connection, before: Use, use: Use) -> float:
        work = []
        for size in (SMALL, LARGE):
            before(session, size)
            begun = touched(session)
            with suppress(QtaskError):
                use(session, size)
            work.append(touched(session) - begun)
        return work[1] / work[0] / (LARGE / SMALL)

    return grows


def nothing(_conn: Connection, _size: int) -> None:
    pass


@pytest.mark.parametrize("autocommit", [True, False], ids=["autocommit", "in a transaction"])
@pytest.mark.parametrize("name", [*CREATIONS, "duplicates", "duplicates of a queue each"])
def test_create_tasks(account: Account, grows: Any, name: str, autocommit: bool) -> None:
    session = account("app", autocommit=autocommit)
    if name in CREATIONS:
        assert grows(session, nothing, CREATIONS[name]) < TOLERANCE
        return

    def again(conn: Connection, size: int) -> None:
        queue = "Q{}".format if name != "duplicates" else lambda _: "Q"
        create(conn, size, order_no=str, queue=queue)

    assert grows(session, again, again) < TOLERANCE


@pytest.mark.parametrize("autocommit", [True, False], ids=["autocommit", "in a transaction"])
@pytest.mark.parametrize("verb", BULK)
def test_bulk_verbs(account: Account, grows: Any, verb: str, autocommit: bool) -> None:
    session = account("app", autocommit=autocommit)
    given: Pairs = []

    def before(conn: Connection, size: int) -> None:
        given[:] = [(task.task_id, 1) for task in create(conn, size)]
        if verb in ("finish", "return"):
            calls.processing_many(conn, given)

    def use(pairs: Callable[[int, Pairs], Pairs]) -> Use:
        return lambda conn, size: BULK[verb](conn, pairs(size, given))

    growth = {name: grows(session, before, use(pairs)) for name, pairs in PAIRS.items()}
    assert max(growth.values()) < TOLERANCE, growth


def held(size: int) -> list[str]:
    return [f"Q{n}" for n in range(size)]


@pytest.mark.parametrize("verb", ["scan", "next_due"])
def test_held_queues(account: Account, grows: Any, conn: Connection, verb: str) -> None:
    def before(_: Connection, size: int) -> None:
        create(conn, size, queue="Q{}".format)

    def use(session: Connection, size: int) -> None:
        if verb == "scan":
            calls.scan(session, "r", held=held(size))
        else:
            calls.next_due(session, held=held(size))

    assert grows(account("relay"), before, use) < TOLERANCE


def test_a_due_task_in_each_queue(account: Account, grows: Any, conn: Connection) -> None:
    def before(_: Connection, size: int) -> None:
        create(conn, size, queue="Q{}".format, delay=lambda _: 0)

    def use(session: Connection, _: int) -> None:
        calls.scan(session, "r", limit=LIMIT["rows"])

    assert grows(account("relay"), before, use) < TOLERANCE


@pytest.mark.parametrize("verb", ["scan", "next_due"])
def test_more_held_queues_than_a_scan_takes(conn: Connection, account: Account, verb: str) -> None:
    def use(names: list[str]) -> None:
        if verb == "scan":
            calls.scan(account("relay"), "r", held=names)
        else:
            calls.next_due(account("relay"), held=names)

    use(held(LIMIT["rows"]))
    with refused(conn, InvalidArgument, "in_held", f"at most {LIMIT['rows']} names"):
        use(held(LIMIT["rows"] + 1))


@pytest.mark.parametrize("character", ["q", "\u4e2d"], ids=["a letter", "escaped"])
def test_the_longest_lists(attacker: Connection, character: str) -> None:
    """Of as many elements as are allowed, with the longest numbers and names."""
    queue = character * LIMIT["queue"]
    pairs: Pairs = [(10**17 + n, 10**8) for n in range(LIMIT["rows"])]
    assert len(calls.finish_many(attacker, pairs)) == LIMIT["rows"]
    assert calls.processing_many(attacker, pairs) == []
    assert calls.return_many(attacker, pairs) == 0
    assert calls.receive_many(attacker, [(*pair, queue) for pair in pairs]).started == []
