"""A database and a Redis that run until they are stopped: scripts/servers."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from processes import Ended, ending_by_signals, undisturbed

from . import ServerError, start, start_first

FOLDER = Path.cwd() / ".cache" / "started"
URLS = FOLDER / "urls"
HELP = """\
A database and a Redis of your own, on this machine alone, each with a random password.

scripts/servers                 start both and keep them running until Ctrl-C
eval "$(scripts/servers env)"   in each other terminal: tell qtask and your programs the URLs
scripts/servers stop            end both, as Ctrl-C does

They and all that they hold are removed when they end.
"""


class CommandError(RuntimeError):
    """The command cannot be carried out."""


def run(engines: list[str]) -> None:
    """Keeps the servers running until a signal comes, and removes them."""
    with _lock() as held, ending_by_signals(), ExitStack() as stack:
        if not _take(held):
            raise CommandError("they run already: `scripts/servers env` prints their URLs")
        held.truncate(0)
        print(os.getpid(), file=held, flush=True)
        try:
            database = stack.enter_context(start_first(engines, log=_say))
            redis = stack.enter_context(start("redis", log=_say))
            stack.callback(URLS.unlink)
            _write(QTASK_DATABASE_URL=database.url, QTASK_REDIS_URL=redis.url)
            _say('running until Ctrl-C; in each other terminal:  eval "$(scripts/servers env)"')
            while True:
                signal.pause()
        finally:
            with undisturbed():
                stack.close()
            _say("ended, and their data removed")


def env() -> None:
    """Prints the export lines of the servers that run."""
    with _lock() as held:
        if _take(held) or not URLS.exists():
            raise CommandError("they do not run (yet): `scripts/servers` starts them")
        sys.stdout.write(URLS.read_text(encoding="utf-8"))


def stop() -> None:
    """Returns when the servers have ended and their data is gone."""
    with _lock() as held:
        if not _take(held):
            os.kill(int(held.read()), signal.SIGTERM)
            fcntl.flock(held, fcntl.LOCK_EX)


@contextmanager
def _lock() -> Iterator[TextIO]:
    """The file that the process with the servers locks, and that has its number."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(FOLDER / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+") as held:
        yield held


def _take(held: TextIO) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(**urls: str) -> None:
    """All at once, for this account alone: they hold the passwords."""
    new = URLS.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"export {name}='{url}'\n" for name, url in urls.items())
    new.rename(URLS)


def _say(text: str) -> None:
    # Standard output is for lines that a shell reads.
    print(f"servers: {text.partition('; not ')[0]}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/servers",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", choices=("start", "env", "stop"), default="start")
    parser.add_argument("--engine", choices=("mysql", "mariadb"), help="[MySQL, else MariaDB]")
    arguments = parser.parse_args()
    engines = [arguments.engine] if arguments.engine else ["mysql", "mariadb"]
    commands = {"start": lambda: run(engines), "env": env, "stop": stop}
    try:
        commands[arguments.command]()
    except Ended:
        return 0
    except (CommandError, ServerError) as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
