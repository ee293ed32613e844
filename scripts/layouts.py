#!/usr/bin/env python3
"""Measure candidate table layouts: microseconds per task for each step of a task's life.

    scripts/layouts.py --server mysql --fill 5000000      a private server from scripts/servers
    scripts/layouts.py --url mysql://root@127.0.0.1:3306/test

a   one table, a due index and a delete index
b   a narrow table of active tasks beside a wide one
c   one table, one index (lane, due_at, status, queue_id) for hand-out, expiry and purge
c1  as c, the index without its covering columns
a2, c2  as a and c, the unique order key on a column that is emptied once a task is terminal

Lives run interleaved, in reversed order every other round. The last lines show, per layout, which
index each range uses and how many rows and index records each step locks.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote, urlsplit
from zlib import crc32

import pymysql
from pymysql.constants import CLIENT

DURABLE = """--innodb-flush-log-at-trx-commit=1 --sync-binlog=1 --log-bin=binlog --server-id=1
    --innodb-buffer-pool-size=512M"""
BATCH, CHUNK, QUEUES = 1000, 100_000, (1, 2, 3, 4)
STEPS = ("create", "scan", "start", "finish", "purge")
TEXT = "VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
NOW, FLOOR = "UTC_TIMESTAMP(3)", "'2000-01-01'"
NEXT_DUE = f"LEAST({NOW} + INTERVAL interval_seconds SECOND, deadline_at)"
NARROW = f"""status TINYINT UNSIGNED NOT NULL, attempts INT NOT NULL, max_count INT NOT NULL,
    interval_seconds INT NOT NULL, delete_deadline INT NOT NULL, batch_id BIGINT UNSIGNED NULL,
    created_at DATETIME(3) NOT NULL, due_at DATETIME(3) NULL, deadline_at DATETIME(3) NOT NULL,
    started_at DATETIME(3) NULL, queue_id INT NOT NULL, name {TEXT} NOT NULL, order_no {TEXT}"""
WIDE = (
    NARROW
    + """, ended_at DATETIME(3) NULL, payload MEDIUMTEXT NOT NULL,
    last_error VARCHAR(2000) NULL"""
)
IDENTITY = "task_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY"
JOURNAL = """batch_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, relay VARCHAR(64)
    NOT NULL, claimed_at DATETIME(3) NOT NULL, task_ids JSON NOT NULL, confirmed_at DATETIME(3)"""
MANY = """JSON_TABLE(%s, '$[*]' COLUMNS (n FOR ORDINALITY, queue_id INT PATH '$.q', name
    VARCHAR(128) PATH '$.name', order_no VARCHAR(128) PATH '$.o', payload TEXT PATH '$.p')) AS s"""
ONE = "(SELECT %s AS queue_id, %s AS name, %s AS order_no, %s AS payload, 1 AS n) AS s"
COLUMNS = """queue_id, name, order_no, attempts, max_count, interval_seconds, delete_deadline,
    created_at, deadline_at, status, due_at"""
VALUES = f"queue_id, name, order_no, 0, 100, 3600, 0, {NOW}, {NOW} + INTERVAL 7 DAY, "
OLD = """(SELECT x AS task_id, 1 + x % 4 AS queue_id, 'send-invoice' AS name, IF(x % 2, CONCAT(
    CRC32(x), '-', x), NULL) AS order_no, CONCAT('{{"customer": "', SHA2(x, 256), '", "note": "',
    REPEAT('n', 60), '"}}') AS payload FROM (SELECT {first} + n AS x FROM lay_seed) AS y) AS s"""
FLAG = "active TINYINT AS (CASE WHEN order_no IS NOT NULL AND {} THEN 1 END) STORED"
BY_FLAG = f"{FLAG}, UNIQUE KEY order_key (order_no, name, queue_id, active)"
BY_KEY = f"""order_key {TEXT} AS (CASE WHEN {{}} THEN order_no END) STORED,
    UNIQUE KEY order_key (order_key, name, queue_id)"""


class OneTable:
    """Layout a, and with `lane` layouts c, c1 and c2."""

    twice = 1  # how often a create statement takes its arguments

    def __init__(self, name: str, keys: str, *, lane: bool, order_key: str = BY_FLAG) -> None:
        self.name, self.task, self.journal = name, f"lay_{name}_task", f"lay_{name}_batch"
        self.wide, self.lane, self.tables = self.task, lane, [self.task]
        self.place, self.until = ("lane", "due_at") if lane else ("queue_id", "delete_at")
        extra = "lane INT NOT NULL" if lane else "delete_at DATETIME(3) NULL"
        active = order_key.format("lane <> 0" if lane else "due_at IS NOT NULL")
        self.ddl = [f"CREATE TABLE {self.task} ({IDENTITY}, {WIDE}, {extra}, {active}, {keys})"]

    def create(self, source: str) -> str:
        lane = (", lane", ", queue_id") if self.lane else ("", "")
        return f"""INSERT INTO {self.task} ({COLUMNS}, payload{lane[0]})
            SELECT {VALUES} 20, {NOW}, payload{lane[1]} FROM {source} ORDER BY n"""

    def scan(self, queue: int) -> str:
        # Without FORCE INDEX MariaDB reads the whole queue (ref) rather than its due range.
        return f"""SELECT task_id, attempts, max_count, deadline_at FROM {self.task}
            FORCE INDEX (due) WHERE {self.place} = {queue} AND due_at > {FLOOR} AND due_at <= {NOW}
            ORDER BY due_at LIMIT {BATCH} FOR UPDATE SKIP LOCKED"""

    def claim(self, ids: str) -> str:
        return f"""UPDATE {self.task} SET due_at = {NEXT_DUE}, batch_id = LAST_INSERT_ID()
            WHERE task_id IN ({ids})"""

    def payloads(self, ids: str) -> str:
        return f"SELECT task_id, payload FROM {self.wide} WHERE task_id IN ({ids})"

    def start(self, ids: str) -> str:
        return f"""UPDATE {self.task} SET status = 30, attempts = attempts + 1,
            started_at = {NOW}, due_at = {NEXT_DUE}
            WHERE task_id IN ({ids}) AND status IN (20, 30)"""

    def finish(self, ids: str) -> list[str]:
        ending = "lane = 0" if self.lane else "due_at = NULL"
        return [f"""UPDATE {self.task} SET status = 0, ended_at = {NOW}, {ending},
            {self.until} = {NOW} + INTERVAL delete_deadline SECOND
            WHERE task_id IN ({ids}) AND status IN (20, 30)"""]  # fmt: skip

    def purge_scan(self) -> str:
        key, lane = ("due", "lane = 0 AND") if self.lane else ("del", "")
        return f"""SELECT task_id FROM {self.wide} FORCE INDEX ({key})
            WHERE {lane} {self.until} > {FLOOR} AND {self.until} <= {NOW}
            ORDER BY {self.until} LIMIT {BATCH} FOR UPDATE SKIP LOCKED"""

    def purge(self, ids: str) -> str:
        return f"DELETE FROM {self.wide} WHERE task_id IN ({ids})"

    def depth(self) -> str:
        return f"""SELECT queue_id, status, COUNT(*) FROM {self.task}
            WHERE {self.active()} GROUP BY queue_id, status"""

    def active(self) -> str:
        return f"{self.place} IN (1, 2, 3, 4) AND due_at > {FLOOR}"

    def fill(self, first: int) -> str:
        later = f"{NOW} + INTERVAL 30 DAY + INTERVAL task_id SECOND"
        ending = f"{later}, 0" if self.lane else f"NULL, {later}"
        return f"""INSERT INTO {self.wide} ({COLUMNS}, {"lane" if self.lane else "delete_at"},
            task_id, payload, started_at, ended_at) SELECT {VALUES} 0, {ending},
            task_id, payload, {NOW}, {NOW} FROM {OLD.format(first=first)} ORDER BY task_id"""


class TwoTables(OneTable):
    """Layout b: finishing completes the wide row and deletes the narrow one."""

    twice = 2

    def __init__(self) -> None:
        super().__init__("b", "KEY del (delete_at)", lane=False)
        self.wide = "lay_b_wide"
        self.tables = [self.task, self.wide]
        self.ddl = [
            f"""CREATE TABLE {self.task} ({IDENTITY}, {NARROW}, KEY due (queue_id, due_at),
                UNIQUE KEY order_key (order_no, name, queue_id))""",
            f"""CREATE TABLE {self.wide} (task_id BIGINT NOT NULL PRIMARY KEY, {WIDE},
                delete_at DATETIME(3) NULL, KEY del (delete_at))""",
        ]

    def create(self, source: str) -> str:
        return f"""START TRANSACTION;
            INSERT INTO {self.task} ({COLUMNS}) SELECT {VALUES} 20, {NOW} FROM {source} ORDER BY n;
            INSERT INTO {self.wide} ({COLUMNS}, payload, task_id)
            SELECT {VALUES} 20, {NOW}, payload, LAST_INSERT_ID() + n - 1 FROM {source} ORDER BY n;
            COMMIT"""

    def finish(self, ids: str) -> list[str]:
        return [
            f"""UPDATE {self.wide} AS w JOIN {self.task} AS t ON t.task_id = w.task_id
                SET w.status = 0, w.attempts = t.attempts, w.started_at = t.started_at,
                w.ended_at = {NOW}, w.due_at = NULL,
                w.delete_at = {NOW} + INTERVAL t.delete_deadline SECOND
                WHERE t.task_id IN ({ids})""",
            f"DELETE FROM {self.task} WHERE task_id IN ({ids})",
        ]


SPLIT = "KEY due (queue_id, due_at), KEY del (delete_at)"
WHOLE = "KEY due (lane, due_at, status, queue_id)"
LAYOUTS: dict[str, OneTable] = {
    "a": OneTable("a", SPLIT, lane=False),
    "a2": OneTable("a2", SPLIT, lane=False, order_key=BY_KEY),
    "b": TwoTables(),
    "c": OneTable("c", WHOLE, lane=True),
    "c1": OneTable("c1", "KEY due (lane, due_at)", lane=True),
    "c2": OneTable("c2", WHOLE, lane=True, order_key=BY_KEY),
}


class Session:
    def __init__(self, url: str) -> None:
        u = urlsplit(url)
        self.db = pymysql.connect(
            host=u.hostname, port=u.port or 3306, user=u.username, ssl_disabled=True,
            password=unquote(u.password or ""), database=u.path.strip("/") or None,
            autocommit=True, client_flag=CLIENT.MULTI_STATEMENTS)  # fmt: skip
        self.run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        self.maria = "Maria" in self.run("SELECT VERSION()")[0][0]

    def run(self, sql: str, args: tuple | None = None) -> tuple:
        with self.db.cursor() as c:
            c.execute(sql, args)
            rows = c.fetchall()
            while c.nextset():
                pass
        return rows

    def ids(self, sql: str) -> list[int]:
        return [row[0] for row in self.run(sql)]

    def settle(self) -> None:
        """Wait for InnoDB's own purge, so that no layout pays for the life before it."""
        before = None
        for _ in range(20):
            status = self.run("SHOW ENGINE INNODB STATUS")[0][2]
            length = int(re.search(r"History list length (\d+)", status)[1])
            if length < 100 or length == before:
                return
            before = length
            time.sleep(0.5)


def new_tasks(number: int) -> list[dict]:
    tasks = []
    for i in range(number):
        x = random.getrandbits(60)
        payload = json.dumps({"customer": f"{x:064x}", "note": "n" * 60})
        order = {"o": f"{crc32(b'%d' % x)}-{x}"} if i % 2 else {}
        tasks.append({"q": QUEUES[i % 4], "name": "send-invoice", "p": payload, **order})
    return tasks


def listed(ids: list[int]) -> str:
    return ",".join(map(str, ids))


def claim(s: Session, lay: OneTable, queue: int) -> list[int]:
    s.db.begin()
    if ids := s.ids(lay.scan(queue)):
        s.run(f"INSERT INTO {lay.journal} (relay, claimed_at, task_ids) VALUES ('r', {NOW}, %s)",
              (json.dumps(ids),))  # fmt: skip
        s.run(lay.claim(listed(ids)))
    s.db.commit()
    if ids:
        s.run(lay.payloads(listed(ids)))
    return ids


def finish(s: Session, lay: OneTable, ids: str) -> None:
    sql = lay.finish(ids)
    s.run(sql[0] if len(sql) == 1 else f"START TRANSACTION; {'; '.join(sql)}; COMMIT")


def purge(s: Session, lay: OneTable) -> int:
    s.db.begin()
    if ids := s.ids(lay.purge_scan()):
        s.run(lay.purge(listed(ids)))
    s.db.commit()
    return len(ids)


def life(s: Session, lay: OneTable, number: int, singles: int) -> dict[str, float]:
    """Run whole lives in batches, then task by task; return microseconds per task and step."""
    took: dict[str, float] = {}

    def timed(step: str, count: int, work: Callable) -> list:
        before = time.perf_counter()
        result = list(work())
        took[step] = (time.perf_counter() - before) / count * 1e6
        return result

    arrays = [(json.dumps(new_tasks(BATCH)),) * lay.twice for _ in range(number // BATCH)]
    timed("create", number, lambda: [s.run(lay.create(MANY), array) for array in arrays])
    timed("depth_ms", 1000, lambda: s.run(lay.depth()))
    claimed = timed("scan", number,
                    lambda: [i for q in QUEUES for i in iter(lambda: claim(s, lay, q), [])])  # noqa: B023 # fmt: skip
    assert number == len({i for ids in claimed for i in ids}) == sum(map(len, claimed))
    timed("idle_ms", 4000, lambda: [claim(s, lay, queue) for queue in QUEUES])
    timed("start", number, lambda: [s.run(lay.start(listed(ids))) for ids in claimed])
    timed("finish", number, lambda: [finish(s, lay, listed(ids)) for ids in claimed])
    assert number == sum(timed("purge", number, lambda: iter(lambda: purge(s, lay), 0)))
    took["sum"] = sum(took[step] for step in STEPS)

    rows = [(t["q"], t["name"], t.get("o"), t["p"]) * lay.twice for t in new_tasks(singles)]
    timed("1create", singles, lambda: [s.run(lay.create(ONE), row) for row in rows])
    ids = s.ids(f"SELECT task_id FROM {lay.task} WHERE {lay.active()}")
    assert len(ids) == singles
    timed("1start", singles, lambda: [s.run(lay.start(str(i))) for i in ids])
    timed("1finish", singles, lambda: [finish(s, lay, str(i)) for i in ids])
    while purge(s, lay):
        pass
    return took


def prepare(url: str, lay: OneTable, fill: int) -> None:
    s = Session(url)
    s.run(f"DROP TABLE IF EXISTS {', '.join([*lay.tables, lay.journal])}")
    for ddl in [*lay.ddl, f"CREATE TABLE {lay.journal} ({JOURNAL})"]:
        s.run(ddl)
    s.run("SET SESSION sql_log_bin = 0")
    for first in range(1, fill, CHUNK):
        s.run(lay.fill(first))
    s.run(f"ALTER TABLE {lay.task} AUTO_INCREMENT = {fill + 1}")
    s.run(f"ANALYZE TABLE {', '.join(lay.tables)}")


def prepare_all(url: str, s: Session, layouts: list[OneTable], fill: int) -> None:
    """Create and fill, two layouts at a time, with relaxed durability."""
    digit = "(SELECT 0 AS d" + "".join(f" UNION ALL SELECT {i}" for i in range(1, 10)) + ")"
    s.run("CREATE TABLE IF NOT EXISTS lay_seed (n INT NOT NULL PRIMARY KEY)")
    s.run(f"""REPLACE INTO lay_seed SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d
        FROM {digit} AS a, {digit} AS b, {digit} AS c, {digit} AS e, {digit} AS f""")
    s.run("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda lay: prepare(url, lay, fill), layouts))
    s.run("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    for lay in layouts:
        names = ", ".join(f"'{name}'" for name in lay.tables)
        data, index = s.run(f"""SELECT SUM(data_length) DIV 1048576, SUM(index_length) DIV 1048576
            FROM information_schema.tables
            WHERE table_schema = DATABASE() AND table_name IN ({names})""")[0]
        print(f"{lay.name:3} {data} + {index} MiB data + index", flush=True)


def check(s: Session, other: Session, lay: OneTable) -> None:
    """Print the index of each range, and what a step on 100 of 5,000 active tasks locks."""
    array = json.dumps(new_tasks(5 * BATCH))  # one statement, so that the ids have no gap
    s.run(lay.create(MANY), (array,) * lay.twice)
    s.run(f"ANALYZE TABLE {', '.join(lay.tables)}")
    last = s.run(f"SELECT MAX(task_id) FROM {lay.task}")[0][0] - 5 * BATCH
    for step, sql in (("scan", lay.scan(1)), ("purge", lay.purge_scan())):
        plan = s.run("EXPLAIN " + ("" if s.maria else "FORMAT=TRADITIONAL ") + sql)[0]
        kind, key = (plan[3], plan[5]) if s.maria else (plan[4], plan[6])
        print(f"  explain {step}: {kind} on {key}, {plan[-1]}")

    def locks(step: str, table: str, *statements: str) -> list[int]:
        s.db.begin()
        ids = s.ids(statements[0].replace(f"LIMIT {BATCH}", "LIMIT 100"))
        for sql in statements[1:]:
            s.run(sql)
        free = other.ids(
            f"SELECT task_id FROM {table} WHERE task_id > {last} FOR UPDATE SKIP LOCKED"
        )
        held = (
            ()
            if s.maria
            else s.run("""SELECT CONCAT(object_name, '.', index_name, ' ',
            lock_mode, ' ', COUNT(*)) FROM performance_schema.data_locks WHERE lock_type = 'RECORD'
            AND thread_id = PS_CURRENT_THREAD_ID() GROUP BY object_name, index_name, lock_mode""")
        )
        s.db.rollback()
        print(f"  {step}: {5 * BATCH - len(free)} rows locked", *[row[0] for row in held], sep="; ")
        return ids

    ids = listed(locks("scan", lay.task, lay.scan(1)))
    locks("start", lay.task, lay.start(ids))
    locks("finish", lay.wide, *lay.finish(ids))
    finish(s, lay, ids)
    locks("purge", lay.wide, lay.purge_scan())


def measure(url: str, layouts: list[OneTable], args: argparse.Namespace) -> None:
    s, other = Session(url), Session(url)
    print(
        *s.run("""SELECT VERSION(), @@innodb_flush_log_at_trx_commit, @@sync_binlog, @@log_bin,
        @@innodb_buffer_pool_size""")[0]
    )
    prepare_all(url, s, layouts, args.fill)
    results: dict[str, list[dict[str, float]]] = {lay.name: [] for lay in layouts}
    for turn in range(args.rounds):
        for lay in layouts if turn % 2 == 0 else reversed(layouts):
            life(s, lay, 2 * BATCH, 10)  # warm-up
            s.settle()
            took = life(s, lay, args.tasks, args.singles)
            results[lay.name].append(took)
            print(turn, lay.name, *[f"{k}={v:.0f}" for k, v in took.items()], flush=True)
            s.settle()
    print("\n| us per task | " + " | ".join(took) + " | sum / first |")
    print("|---" * (len(took) + 2) + "|")
    first = None
    for name, lives in results.items():
        values = {step: statistics.median(one[step] for one in lives) for step in took}
        first = first or values["sum"]
        ratio = values["sum"] / first
        print(f"| {name} |", " | ".join(f"{v:.0f}" for v in values.values()), f"| {ratio:.2f} |")
    for lay in layouts:
        print(lay.name)
        check(s, other, lay)
        s.run(f"DROP TABLE {', '.join([*lay.tables, lay.journal])}")
    s.run("DROP TABLE lay_seed")


def main() -> None:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--url", help="an empty schema; else a private server is started")
    p.add_argument("--server", default="mysql", choices=["mysql", "mariadb"])
    p.add_argument("--layouts", nargs="+", default=list(LAYOUTS), choices=list(LAYOUTS))
    p.add_argument("--tasks", type=int, default=50_000, help="per layout and round")
    p.add_argument("--singles", type=int, default=500, help="task by task, per layout and round")
    p.add_argument("--rounds", type=int, default=4)
    p.add_argument("--fill", type=int, default=0, help="finished tasks that are there before")
    args = p.parse_args()
    layouts = [LAYOUTS[name] for name in args.layouts]
    if args.url:
        measure(args.url, layouts, args)
        return
    import servers

    with servers.start(args.server, options=DURABLE.split()) as server:
        measure(server.url, layouts, args)


if __name__ == "__main__":
    main()
