"""The run behind scripts/soak, which makes the environment first."""

from __future__ import annotations

import argparse
import random
import sys
from contextlib import ExitStack

try:
    import servers
    from processes import Ended, ending_by_signals, undisturbed
    from rich.console import Console

    from qtask_db import Database
    from qtask_db.constants import LIMIT
    from qtask_db.errors import QtaskError
    from qtask_db.install import install
    from soak.run import Soak
    from soak.view import progress, summary
except ImportError as missing:
    sys.exit(f"soak: {missing}; run scripts/soak, which makes the environment")

DESCRIPTION = """\
Many connections call every procedure on the same few tasks, order numbers and queues, in any order:
most with autocommit on, a quarter of them in transactions of two to four calls. No deadlock and no
lock timeout may reach a caller with autocommit on; in a transaction each must arrive as Conflict,
and nothing of it may remain. No task may be lost, no attempt owned twice, no order number active
twice. The server is private.

The exit code is 0 if all that was true, 1 at the first violation, 2 if the run could not be made.
The seed decides what each connection does; how they interleave is up to the machine.
"""
EXAMPLES = """\
examples:
  scripts/soak                                     one minute on each engine, a random seed
  scripts/soak --minutes 10 --engine mariadb --seed 7
  scripts/soak --connections 200 --processes 16
  scripts/soak --texts                             the server's own words on each kind of deadlock
"""
# No check depends on durability, and without it more is done in the same time.
OPTIONS = (
    "--innodb-flush-log-at-trx-commit=0",
    "--sync-binlog=0",
    "--max-connections=1000",
)


def main() -> int:
    arguments = _arguments()
    console = Console(highlight=False, markup=False, emoji=False)
    seed = arguments.seed if arguments.seed is not None else random.randrange(10**6)  # noqa: S311
    status = 0
    with ending_by_signals():
        try:
            for engine in arguments.engine or ("mysql", "mariadb"):
                status = max(status, _soak(engine, seed, arguments, console))
        except Ended as ended:
            return ended.status
        except (servers.ServerError, QtaskError, OSError) as error:
            sys.stderr.write(f"soak: {error}\n")
            return 2
    return status


def _soak(engine: str, seed: int, arguments: argparse.Namespace, console: Console) -> int:
    with ExitStack() as stack:
        server = stack.enter_context(
            servers.start(
                engine,
                options=(*OPTIONS, *(f"--{option}" for option in arguments.option)),
                log=lambda line: console.print(f"  {line}", soft_wrap=True),
            )
        )
        # Attempts are left without an end as often as the dice say.
        install(server.url, {"max_lapses": str(LIMIT["max_count"])}, report=lambda _line: None)
        console.print(
            f"soak: {engine} {server.version}, seed {seed}, {arguments.connections} connections, "
            f"{arguments.minutes:g} min",
            soft_wrap=True,
        )
        soak = Soak(
            Database(f"{server.url}?ssl_mode=disabled"),
            seed,
            arguments.connections,
            arguments.processes,
            arguments.transactions,
        )
        try:
            soak.run(60 * arguments.minutes, progress(console))
        finally:
            with undisturbed():
                summary(console, soak, texts=arguments.texts)
    if soak.checker.violations:
        console.print(f"A promise was broken. Again: --seed {seed} --engine {engine}", style="red")
        return 1
    console.print("Every promise was kept.", style="green")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/soak",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=1.0, metavar="N", help="[1]")
    parser.add_argument("--seed", type=int, metavar="N", help="repeats what was done  [random]")
    parser.add_argument(
        "--engine", action="append", choices=("mysql", "mariadb"), help="may be repeated  [both]"
    )
    parser.add_argument("--connections", type=int, default=64, metavar="N", help="[64]")
    parser.add_argument(
        "--processes", type=int, default=8, metavar="N", help="that share them  [8]"
    )
    parser.add_argument(
        "--transactions", type=float, default=0.25, metavar="SHARE",
        help="of the connections that have transactions of their own  [0.25]",
    )  # fmt: skip
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE",
        help="of the server, for example innodb-autoinc-lock-mode=2; may be repeated",
    )  # fmt: skip
    parser.add_argument("--texts", action="store_true", help="show a deadlock of each kind in full")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
