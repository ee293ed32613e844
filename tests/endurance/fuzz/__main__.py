"""The run behind scripts/fuzz, which makes the environment first."""

from __future__ import annotations

import argparse
import random
import sys
import time

try:
    import servers
    from processes import Ended, ending_by_signals

    from fuzz.run import Run, Violation
    from qtask_db import Database
    from qtask_db.errors import QtaskError
    from qtask_db.install import install
except ImportError as missing:
    sys.exit(f"fuzz: {missing}; run scripts/fuzz, which makes the environment")

DESCRIPTION = """\
Calls every procedure with hostile arguments, and gives hostile values to every setting: quotes,
comments, NUL, invalid UTF-8, characters of four bytes, JSON bombs, very long texts, numbers out of
range. On MySQL and MariaDB a third of the calls is made in a session that has set some of its
variables: it explains the server's errors that docs/reference/sessions.md names, and nothing else.
Each refusal must be one of the procedure's documented errors and must have changed nothing; each
call that is accepted must have changed only what it names and must have stored what was given.
Tables beside, rows beside and the server must be untouched.

The exit code is 0 if all that was true, 1 at the first violation, 2 if the run could not be made.
A seed repeats a run.
"""
# No check depends on durability, nor on TLS.
OPTIONS = ("--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0")
ENGINES = {"mysql": "?ssl_mode=disabled", "mariadb": "?ssl_mode=disabled", "oracle": ""}


def main() -> int:
    arguments = _arguments()
    seed = arguments.seed if arguments.seed is not None else random.randrange(10**6)  # noqa: S311
    status = 0
    with ending_by_signals():
        try:
            for engine in arguments.engine or ("mysql", "mariadb"):
                status = max(status, _fuzz(engine, seed, arguments.inputs))
        except Ended as ended:
            return ended.status
        except (servers.ServerError, QtaskError, OSError) as error:
            sys.stderr.write(f"fuzz: {error}\n")
            return 2
    return status


def _fuzz(engine: str, seed: int, number: int) -> int:
    options = () if engine == "oracle" else OPTIONS
    with servers.start(engine, options=options, log=_say) as server:
        install(server.url, {}, report=lambda _line: None)
        run = Run(Database(server.url + ENGINES[engine]), random.Random(seed))  # noqa: S311
        began = last = time.monotonic()

        def progress(run: Run) -> None:
            nonlocal last
            if time.monotonic() - last >= 10:
                last = time.monotonic()
                _say(f"{run.done:,} of {number:,} inputs, {run.done / (last - began):,.0f}/s")

        verdict = "no violation"
        try:
            run.make(number, progress)
        except Violation as violation:
            verdict = f"VIOLATION at input {run.done + 1:,}: {violation}"
        count = run.outcomes
        others = ("accepted", "settings", "sessions")
        refused = count.total() - sum(count[name] for name in others)
        print(
            f"fuzz: {engine} {server.version}, seed {seed}: {run.done:,} inputs in "
            f"{time.monotonic() - began:.0f} s, {refused:,} refused, {count['accepted']:,} "
            f"accepted, {count['settings']:,} settings, {count['sessions']:,} calls in hostile "
            f"sessions: {verdict}",
            flush=True,
        )
        return int(verdict != "no violation")


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, metavar="N", help="[random]")
    parser.add_argument(
        "--inputs", type=int, default=10_000, metavar="N", help="on each engine  [10000]"
    )
    parser.add_argument(
        "--engine", action="append", choices=ENGINES, help="may be repeated  [mysql, mariadb]"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
