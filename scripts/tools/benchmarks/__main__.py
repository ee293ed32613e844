"""The measurements behind scripts/bench, which makes the environment first.

Each figure is compared with a floor that is measured in turn with it, because machines are noisy:
the ratios can be compared between machines and runs, the absolute figures cannot.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

try:
    import servers
    from processes import CommandError, Ended, ending_by_signals, undisturbed
    from pymysql import MySQLError
    from redis import RedisError
    from servers import ServerError

    from benchmarks import report
    from benchmarks.bench import OPTIONS, Bench
    from benchmarks.cases import (
        bulk,
        cost,
        create,
        curve,
        latency,
        memory,
        oracle,
        purge,
        relay,
        rush,
        schedules,
        size,
        snapshot,
        worker,
    )
    from benchmarks.cases.direct import draining, resting, soon
    from benchmarks.figure import Figure
    from benchmarks.machine import Machine
    from benchmarks.rivals import main as rivals
    from qtask_db.errors import QtaskError
except ImportError as missing:
    sys.exit(f"bench: {missing}; run scripts/bench, which makes the environment")

Cases = dict[str, Callable[[Bench], list[Figure]]]
CASES: Cases = {
    "create": create.create,
    "create_many": create.create_many,
    "scan": relay.scan,
    "relay": relay.relay,
    "latency": latency.latency,
    "rush": rush.rush,
    "flood": rush.flood,
    "bulk": bulk.bulk,
    "worker": worker.worker,
    "idle": worker.idle,
    "direct-rush": soon.rush,
    "direct-flood": soon.flood,
    "direct-workers": draining.workers,
    "direct-idle": soon.idle,
    "take": draining.take,
    "rest": resting.rest,
    "schedules": schedules.schedules,
    "purge": purge.purge,
    "size": size.size,
    "snapshot": snapshot.snapshot,
    "memory": memory.memory,
    "cost": cost.cost,
    "curve": curve.curve,
}
FOR_INFORMATION = {"cost", "bulk", "curve"}
"""--quick leaves them out unless they are asked for: they have nothing to reach, or take long."""
ORACLE_CASES: Cases = {"life": oracle.life}


def main() -> int:
    arguments = _arguments()
    if arguments.rivals:
        return rivals.main(arguments, OPTIONS, _say)
    figures: list[Figure] = []
    state: list[str] = []
    whole = True
    status, problem = 0, ""
    with ending_by_signals(), ExitStack() as stack:
        try:
            figures, state, whole = _measure(arguments, stack)
        except Ended as ended:
            status, problem = ended.status, "interrupted"
        except (ServerError, QtaskError, MySQLError, RuntimeError) as error:
            status, problem = 1, str(error)
        with undisturbed():
            stack.close()
    if problem:
        _say(f"bench: {problem}")
        return status
    markdown = report.markdown(figures)
    report.tell(figures, state, arguments, lambda: report.show(figures), markdown)
    return 0 if whole and all(figure.ok for figure in figures) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure qtask-db on private, durable servers. Exit code 1: a case misses its "
        "reach, or could not be measured.",
    )
    parser.add_argument("--engine", choices=("mysql", "mariadb", "oracle"), default="mysql")
    parser.add_argument("--quick", action="store_true", help="small sizes, about 15 minutes")
    parser.add_argument(
        "--least", action="store_true", help="the least sizes: does each case work?"
    )
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument("--markdown", action="store_true", help="the report as Markdown")
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="write the report as JSON to a file, too"
    )
    parser.add_argument(
        "--case",
        action="append",
        choices=[*CASES, *ORACLE_CASES],
        metavar="NAME",
        help=f"only {', '.join(CASES)}; on oracle {', '.join(ORACLE_CASES)}",
    )
    parser.add_argument(
        "--rivals", action="store_true", help="compare with other task systems instead"
    )
    chosen = parser.parse_args()
    if chosen.rivals and chosen.engine == "oracle":
        parser.error("the rivals are compared on mysql or mariadb")
    if wrong := set(chosen.case or ()) - set(_cases(chosen.engine)):
        parser.error(f"{chosen.engine} has no case {', '.join(sorted(wrong))}")
    return chosen


def _cases(engine: str) -> Cases:
    return ORACLE_CASES if engine == "oracle" else CASES


def _measure(
    arguments: argparse.Namespace, stack: ExitStack
) -> tuple[list[Figure], list[str], bool]:
    """The figures, lines about the machine and the servers, and whether all could be measured."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qtask-bench-")))
    machine = Machine(folder)
    # The data lie beside the temporary files: a RAM disk would make durable writes free.
    on_oracle = arguments.engine == "oracle"
    options = () if on_oracle else OPTIONS
    database = stack.enter_context(servers.start(arguments.engine, options=options, log=_say))
    redis = stack.enter_context(servers.start("redis", log=_say))
    bench = Bench(
        database.url,
        redis.url,
        arguments.engine,
        arguments.quick or arguments.least,
        arguments.least,
        stack,
        folder,
        _say,
        getattr(database, "pid", None),
    )
    if not on_oracle:  # it is durable always
        _require_durable(bench)
    cases = _cases(arguments.engine)
    figures: list[Figure] = []
    problems: list[str] = []
    usual = [name for name in cases if not (bench.quick and name in FOR_INFORMATION)]
    for name in arguments.case or usual:
        began = time.monotonic()
        _say(f"{name} ...")
        try:
            found = cases[name](bench)
        except (CommandError, QtaskError, MySQLError, RedisError, RuntimeError) as error:
            problems.append(f"{name} could not be measured: {error}")
            _say(f"  {error}")
            continue
        figures += found
        for figure in found:
            _say(f"  {report.line(figure)}")
        _say(f"  {time.monotonic() - began:.0f} s")
    state = machine.state(
        ", ".join(f"{server.engine} {server.version}" for server in (database, redis))
    )
    return figures, [*problems, *state], not problems


def _require_durable(bench: Bench) -> None:
    rows = bench.schema("bcreate_").sql(
        "SHOW VARIABLES WHERE Variable_name IN "
        "('innodb_flush_log_at_trx_commit', 'sync_binlog', 'log_bin')"
    )
    found = dict(rows)
    wanted = {"innodb_flush_log_at_trx_commit": "1", "sync_binlog": "1", "log_bin": "ON"}
    wrong = [f"{name} = {found.get(name)}" for name in wanted if found.get(name) != wanted[name]]
    if wrong:
        raise RuntimeError(f"the server is not durable ({', '.join(wrong)}): figures would lie")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
