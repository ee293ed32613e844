"""Command line: `python -m servers start mysql redis` runs servers until it is interrupted.

The URLs that it prints hold the servers' passwords, which are new at each start: a file that keeps
them should be yours alone (umask 077).
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack

from . import ENGINES, ServerError, start


def main() -> int:
    parser = argparse.ArgumentParser(prog="servers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "start", help="start servers and print one NAME_URL=... line each, password included"
    )
    run.add_argument("engines", nargs="+", choices=ENGINES, metavar="engine")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with ExitStack() as stack:
            for engine in arguments.engines:
                server = stack.enter_context(start(engine, log=_progress))
                print(f"{engine.upper()}_URL={server.url}", flush=True)
            _progress("running; end with Ctrl-C")
            signal.pause()
    except KeyboardInterrupt:
        pass
    except ServerError as error:
        _progress(str(error))
        return 1
    return 0


def _progress(text: str) -> None:
    # The URLs alone go to standard output, so that a script can read them.
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
