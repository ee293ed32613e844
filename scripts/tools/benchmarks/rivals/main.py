"""`scripts/bench --rivals`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import servers
from processes import Ended, ending_by_signals, undisturbed
from servers import ServerError

from .. import report as figures_report
from ..machine import Machine
from . import compare, known, postgres, report, sizes


def main(arguments: argparse.Namespace, options: Sequence[str], say: Callable[[str], None]) -> int:
    """Exit code 1: a durable rival is ahead somewhere, or qtask-db could not be measured."""
    found: compare.Comparison | None = None
    status, problem = 0, ""
    with ending_by_signals(), ExitStack() as stack:
        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qtask-rivals-")))
            machine = Machine(folder)
            setting = _setting(arguments.engine, options, stack, folder, say)
            size = sizes.QUICK if arguments.quick else sizes.FULL
            found = compare.compare(setting, sizes.LEAST if arguments.least else size)
        except Ended as ended:
            status, problem = ended.status, "interrupted"
        except (RuntimeError, ServerError) as error:
            status, problem = 1, str(error)
        with undisturbed():
            stack.close()
    if found is None:
        say(f"bench: {problem}")
        return status
    figures = report.figures(found)
    state = machine.state(", ".join(f"{name}: {what}" for name, what in found.servers.items()))
    figures_report.tell(
        figures, state, arguments, lambda: report.show(found), report.markdown(found)
    )
    failed = any(result.problems for result in found.results if result.rival.ours)
    return 1 if failed or not all(figure.ok for figure in figures) else 0


def _setting(
    engine: str,
    options: Sequence[str],
    stack: ExitStack,
    folder: Path,
    say: Callable[[str], None],
) -> compare.Setting:
    """The servers; what only rivals need may be absent."""
    setting = compare.Setting(stack, folder, say)
    database = servers.start(engine, options=options, log=say)
    setting.servers["mysql"] = stack.enter_context(database)
    one_log = ("--skip-log-bin", *(option for option in options if "log-bin" not in option))
    setting.add(known.ONE_LOG, partial(servers.start, engine, options=one_log, log=say))
    setting.servers["transport"] = stack.enter_context(servers.start("redis", log=say))
    for name, each in known.REDIS_OPTIONS.items():
        setting.add(name, partial(servers.start, "redis", options=each, log=say))
    setting.add("postgresql", lambda: postgres.start(say))
    return setting
