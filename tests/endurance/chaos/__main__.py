"""The run behind scripts/chaos, which makes the environment first."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

try:
    from processes import Ended, ending_by_signals, undisturbed
    from rich.console import Console

    from chaos import faults
    from chaos.database import broken
    from chaos.run import Run
    from chaos.system import System
    from chaos.view import shown, summary
    from qtask_db.errors import QtaskError
except ImportError as missing:
    sys.exit(f"chaos: {missing}; run scripts/chaos, which makes the environment")

DESCRIPTION = """\
Producers, three relays and four workers run on private servers while they are killed, paused and
cut off, and while database and Redis crash, fill up or turn read-only, and queues are paused and
change their delivery. With direct queues some workers have no Redis, and consumers without the
package's worker are there, too. A checker reads what all of
them recorded and the database's own journal, and decides whether every promise was kept.

The exit code is 0 if every promise was kept, 1 at the first that was not (the records are kept
then), 2 if the run could not be made. The seed decides what is done, when and to whom; how the
processes interleave is up to the machine.
"""
EXAMPLES = """\
examples:
  scripts/chaos                                    one minute, a random seed
  scripts/chaos --minutes 10 --seed 7 --engine mariadb --transport streams
  scripts/chaos --transport direct                 without messages, until the delivery changes
  scripts/chaos --faults none --kills 8            kills only: the lease is held strictly
  scripts/chaos --faults crash-database,cut-redis --kills 1
  scripts/chaos --broken "no fence"                what the checker says of a broken system

faults: """


def main() -> int:
    arguments = _arguments()
    console = Console(highlight=False, markup=False, emoji=False)
    seed = arguments.seed if arguments.seed is not None else random.randrange(10**6)  # noqa: S311
    console.print(
        f"chaos: seed {seed}, {arguments.engine}, {arguments.transport}, "
        f"{arguments.minutes:g} min, "
        f"{arguments.kills:g} kills/s, faults {', '.join(arguments.faults) or 'none'}",
        soft_wrap=True,
    )
    folder = Path(tempfile.mkdtemp(prefix="qtask-chaos-"))
    status, problem = 0, ""
    with ending_by_signals(), ExitStack() as stack:
        try:
            status = _run(arguments, seed, folder, stack, console)
        except Ended as ended:
            status, problem = int(ended.code or 0), "interrupted"
        except (RuntimeError, QtaskError, OSError) as error:
            status, problem = 2, str(error)
        with undisturbed():
            stack.close()
            if status != 1 and not arguments.keep:
                shutil.rmtree(folder, ignore_errors=True)
    if problem:
        sys.stderr.write(f"chaos: {problem}\n")
    if folder.exists():
        console.print(f"History and logs: {folder}", soft_wrap=True)
    return status


def _run(
    arguments: argparse.Namespace, seed: int, folder: Path, stack: ExitStack, console: Console
) -> int:
    system = System(
        stack, folder, engine=arguments.engine, seed=seed, lease=arguments.lease,
        slack=arguments.slack, pace=3 / arguments.pace, broken=arguments.broken,
        stream=arguments.transport == "streams", direct=arguments.transport == "direct",
        log=lambda text: console.print(f"  {text}", style="dim", soft_wrap=True),
    )  # fmt: skip
    with shown(console, system) as show, system.tending():
        run = Run(system, show)
        run.warm_up()
        if run.disturb(60 * arguments.minutes, kills=arguments.kills, faults=arguments.faults):
            run.settle()
    summary(console, system, run.report)
    if run.report.violations:
        console.print(f"A promise was broken. Again: --seed {seed}", style="bold red")
        return 1
    console.print("Every promise was kept.", style="bold green")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos",
        description=DESCRIPTION,
        epilog=EXAMPLES + ", ".join(faults.FAULTS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=1.0, metavar="N", help="[1]")
    parser.add_argument("--seed", type=int, metavar="N", help="repeats what was done  [random]")
    parser.add_argument("--engine", choices=("mysql", "mariadb"), default="mysql", help="[mysql]")
    parser.add_argument(
        "--transport", choices=("lists", "streams", "direct"), default="lists",
        help="in Redis; or straight from the database, beside lists  [lists]",
    )  # fmt: skip
    parser.add_argument("--kills", type=float, default=3.0, metavar="N", help="a second  [3]")
    parser.add_argument(
        "--faults", type=_faults, default=list(faults.FAULTS), metavar="A,B", help="or none  [all]"
    )
    parser.add_argument("--lease", type=int, default=5, metavar="SECONDS", help="[5]")
    parser.add_argument(
        "--slack", type=float, default=5.0, metavar="SECONDS",
        help="that the machine may take beyond a promised time  [5]",
    )  # fmt: skip
    parser.add_argument(
        "--pace", type=float, default=60.0, metavar="N", help="transactions a second  [60]"
    )
    parser.add_argument("--broken", choices=broken.VARIANTS, help="take one promise out")
    parser.add_argument("--keep", action="store_true", help="keep history and logs")
    return parser.parse_args()


def _faults(text: str) -> list[str]:
    names = [] if text == "none" else text.split(",")
    if wrong := [name for name in names if name not in faults.FAULTS]:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(wrong)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
