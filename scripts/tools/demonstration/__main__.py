"""The demonstration behind scripts/demo, which makes the environment first."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

try:
    import servers
    from processes import Command, CommandError, Ended, ending_by_signals, run, undisturbed
    from redis import Redis, RedisError
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from qtask_db import Client, calls, install
    from qtask_db.database import Connection, Database
    from qtask_db.errors import QtaskError
except ImportError as missing:
    sys.exit(f"demo: {missing}; run scripts/demo, which makes the environment")

from .tasks import COUNT, FAILURES, QUEUES, STARTS, Producer, outcome
from .view import View, results, verdict

PREFIX = "demo_"  # so that a server named by a URL keeps its own tasks
LONGEST = 90.0  # seconds in which all tasks must have ended
LOOK = 0.2


class DemoError(RuntimeError):
    """The demonstration cannot go on."""


class Demo:
    """The stages in their order; what each one opens is closed by the stack."""

    def __init__(self, console: Console, stack: ExitStack, *, direct: bool) -> None:
        self._console = console
        self._stack = stack
        self._direct = direct
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qtask-demo-")))
        self._starts = self._folder / "starts"
        self._starts.touch()
        self._environment: dict[str, str] = {}
        self._redis: Redis | None = None
        self._commands: list[Command] = []

    def run(self, engines: list[str], *, keep: bool) -> bool:
        self._start_servers(engines)
        self._install()
        self._start_processes()
        producer = self._flow()
        found = outcome(self._conn, self._starts.read_text(encoding="utf-8"), producer)
        task = found.given_up[0].task_id if found.given_up else None
        text = "" if task is None else calls.explain(self._conn, task).text
        self._stage("results", "how long it took, on this machine as it is now")
        results(self._console, found, text)
        self._stage("shown", "what has just happened")
        verdict(self._console, found, direct=self._direct)
        if keep:
            self._keep()
        return not found.wrong

    def _keep(self) -> None:
        """All of it goes on until a signal comes."""
        self._stage("kept", "until Ctrl-C; in another terminal, for `.venv/bin/qtask stats`:")
        for name, value in self._environment.items():
            self._console.print(f"export {name}='{value}'", soft_wrap=True)
        with suppress(Ended):
            signal.pause()

    def _start_servers(self, engines: list[str]) -> None:
        self._stage("servers", "private, thrown away afterwards")
        self._environment["QTASK_DATABASE_URL"] = self._server(*engines).url
        if not self._direct:
            self._environment["QTASK_REDIS_URL"] = self._server("redis").url
        self._environment["QTASK_PREFIX"] = PREFIX

    def _server(self, *engines: str) -> servers.Server:
        began = time.monotonic()
        server = self._stack.enter_context(servers.start_first(engines, log=self._progress))
        took = time.monotonic() - began
        self._say(
            f"{server.engine} {server.version}, up in {took:.1f} s ({_shortened(server.source)})"
        )
        return server

    def _progress(self, text: str) -> None:
        # A download or the first start takes a while.
        if "once" in text or text.startswith("no "):
            self._say(text)

    def _install(self) -> None:
        command = ["install", "--delivery", "direct" if self._direct else "redis"]
        self._stage("schema", f"qtask {' '.join(command)}" if self._direct else "qtask install")
        url = self._environment["QTASK_DATABASE_URL"]
        began = time.monotonic()
        self._stack.callback(_remove, url, self._environment.get("QTASK_REDIS_URL"))
        run(*command, environment=self._environment)
        self._say(f"tables and procedures, in {time.monotonic() - began:.1f} s")
        database = Database(url, prefix=PREFIX)
        self._conn: Connection = self._stack.enter_context(database.connect())
        if not self._direct:
            self._redis = Redis.from_url(self._environment["QTASK_REDIS_URL"])
            self._stack.callback(self._redis.close)
        self._client = Client(database, self._redis)
        self._stack.callback(self._client.close)

    def _start_processes(self) -> None:
        processes = {"relay": ["relay"], "worker": ["worker", "demonstration.worker:worker"]}
        if self._direct:
            del processes["relay"]
        self._stage("processes", ", ".join(f"one {name}" for name in processes))
        environment = self._environment | {STARTS: str(self._starts)}
        for name, arguments in processes.items():
            command = Command(*arguments, environment=environment, log=self._folder / f"{name}.log")
            self._commands.append(self._stack.enter_context(command))
            command.wait_for(" started")
            self._say(f"$ {command.text}   (process {command.pid})")

    def _flow(self) -> Producer:
        self._stage(
            "tasks",
            f"{COUNT:,} real-time, {COUNT:,} delayed by 1 to 5 s, {len(FAILURES)} that fail",
        )
        producer = Producer(self._client)
        producer.start()
        self._stack.callback(producer.stop)
        began = time.monotonic()
        with self._shown() as show:
            while True:
                stats = calls.stats(self._conn)
                lengths = self._lengths()
                elapsed = time.monotonic() - began
                view = View(stats, lengths, producer.created, elapsed)
                show(view, view.complete)
                if view.complete:
                    break
                if producer.error is not None:
                    raise DemoError(f"tasks cannot be created: {producer.error}")
                for command in self._commands:
                    command.check()
                if elapsed > LONGEST:
                    logs = "".join(command.last_lines() for command in self._commands)
                    raise DemoError(f"not all tasks have ended after {LONGEST:.0f} s{logs}")
                time.sleep(LOOK)
        producer.join()
        return producer

    def _lengths(self) -> dict[str, int] | None:
        """Of the queues in Redis, if there is one."""
        redis = self._redis
        return None if redis is None else {queue: int(redis.llen(queue)) for queue in QUEUES}

    @contextmanager
    def _shown(self) -> Iterator[Callable[[View, bool], None]]:
        """A function that shows a view: a table that changes in its place, or a line a second."""
        if self._console.is_terminal:
            with Live(console=self._console, auto_refresh=False, transient=False) as live:
                yield lambda view, _last: live.update(view.table(), refresh=True)
            return
        next_line = 0.0

        def show(view: View, last: bool) -> None:
            nonlocal next_line
            if last or time.monotonic() >= next_line:
                self._console.print(view.line(), soft_wrap=True)
                next_line = time.monotonic() + 1
            if last:
                self._console.print(view.table())

        yield show

    def _stage(self, name: str, text: str) -> None:
        self._console.print(Text.assemble((f"{name:<10}", "bold cyan"), text), soft_wrap=True)

    def _say(self, text: str) -> None:
        self._console.print(Text(f"  {text}", style="dim"), soft_wrap=True)


def _shortened(source: str) -> str:
    """Why this server was taken, without the ways that were not open."""
    return source.partition("; not ")[0].replace(f"{Path.cwd()}/", "")


def _remove(database: str, redis: str | None) -> None:
    """Also from a server that is somebody else's."""
    with suppress(QtaskError):
        install.uninstall(database, PREFIX, report=lambda _: None)
    if redis is not None:
        with suppress(RedisError), Redis.from_url(redis) as client:
            client.delete(*QUEUES)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Show qtask-db at work.")
    parser.add_argument(
        "--direct", action="store_true", help="one database and one worker: no Redis, no relay"
    )
    parser.add_argument("--engine", choices=("mysql", "mariadb"), help="[MySQL, else MariaDB]")
    parser.add_argument("--keep", action="store_true", help="let it all run on until Ctrl-C")
    arguments = parser.parse_args()
    engines = [arguments.engine] if arguments.engine else ["mysql", "mariadb"]
    console = Console(highlight=False, markup=False, emoji=False)
    began = time.monotonic()
    status, problem = 0, ""
    with ending_by_signals(), ExitStack() as stack:
        try:
            demo = Demo(console, stack, direct=arguments.direct)
            if not demo.run(engines, keep=arguments.keep):
                status = 1
        except Ended as ended:
            status, problem = ended.status, "interrupted"
        except (DemoError, CommandError, QtaskError, RedisError, servers.ServerError) as error:
            status, problem = 1, str(error)
        with undisturbed():
            stack.close()
            console.print(Text.assemble(("cleanup   ", "bold cyan"), "processes and data removed"))
    took = f"{time.monotonic() - began:.0f} s"
    if problem:
        sys.stderr.write(f"demo: {problem}\n")
    elif status:
        console.print(f"Not as expected (see above); {took}.", style="bold red")
    else:
        console.print(f"Every task ended as it should, {took} in all.", style="bold green")
    return status


if __name__ == "__main__":
    sys.exit(main())
