"""A TCP proxy that drops, half-closes, delays, freezes or forgets connections.

It runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import random
import socket
import struct
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from processes import end_with_parent

_CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER that makes close() send a reset


@dataclass(eq=False)
class _Link:
    """One client's connection and the one to the server that belongs to it."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    going: asyncio.Event = field(default_factory=asyncio.Event)
    forgotten: bool = False
    heard_at: float = field(default_factory=time.monotonic)

    def drop(self) -> None:
        for side in (self.client, self.server):
            sock = side.get_extra_info("socket")
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            side.transport.abort()
        self.going.set()

    def half_close(self) -> None:
        """Nothing more from the server to the client, who still may send."""
        with contextlib.suppress(OSError, RuntimeError):
            self.client.write_eof()


class _Relay:
    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._links: set[_Link] = set()
        self._delay = 0.0
        self._frozen = False
        self._longest = 0.0

    async def serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            answer, server = await asyncio.open_connection(*self._target)
        except OSError:
            client.transport.abort()
            return
        link = _Link(client, server)
        if not self._frozen:
            link.going.set()
        self._links.add(link)
        try:
            await asyncio.gather(self._pump(link, reader, server), self._pump(link, answer, client))
        finally:
            self._links.discard(link)
            link.drop()

    async def _pump(
        self, link: _Link, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            while data := await source.read(_CHUNK):
                link.heard_at = time.monotonic()
                await link.going.wait()
                if link.forgotten:
                    continue
                if self._delay:
                    await asyncio.sleep(self._delay)
                sink.write(data)
                await sink.drain()
        # As soon as one side has ended, the other one has nobody to talk to.
        for side in (link.client, link.server):
            side.close()

    async def end_silence(self) -> None:
        """Drops, from time to time, what has been silent for too long."""
        while True:
            await asyncio.sleep(self._longest / 4 or 1.0)
            silent_since = time.monotonic() - self._longest
            for link in list(self._links):
                if self._longest and link.heard_at < silent_since:
                    link.drop()

    def command(self, what: str, share: float, value: float, seed: int) -> None:
        chosen = random.Random(seed)  # noqa: S311 - repeatable
        links = [link for link in self._links if chosen.random() < share]
        if what == "drop":
            for link in links:
                link.drop()
        elif what == "half-close":
            for link in links:
                link.half_close()
        elif what == "forget":
            for link in links:
                link.forgotten = True
        elif what == "delay":
            self._delay = value
        elif what == "end silence":
            self._longest = value
        elif what == "freeze":
            self._frozen = bool(value)
            for link in links:
                (link.going.clear if value else link.going.set)()


class Proxy:
    """Listens on a port of its own and forwards to `target`."""

    def __init__(self, context: Any, target: tuple[str, int]) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = context.Process(target=_run, args=(target, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.port: int = self._pipe.recv()

    def drop(self, share: float, seed: int) -> None:
        """Resets this share of the connections."""
        self._pipe.send(("drop", share, 0.0, seed))

    def half_close(self, share: float, seed: int) -> None:
        """Ends the direction to the client."""
        self._pipe.send(("half-close", share, 0.0, seed))

    def forget(self) -> None:
        """Swallows what is sent on the present connections, as a firewall does after a pause."""
        self._pipe.send(("forget", 1.0, 0.0, 0))

    def delay(self, seconds: float) -> None:
        """Holds each piece of data up, in both directions; 0 ends it."""
        self._pipe.send(("delay", 1.0, seconds, 0))

    def freeze(self, on: bool) -> None:
        """Lets nothing through, as a pulled cable; what was sent meanwhile arrives later."""
        self._pipe.send(("freeze", 1.0, float(on), 0))

    def end_silence(self, seconds: float) -> None:
        """Resets what has been silent for so long, as a firewall does; 0 ends it."""
        self._pipe.send(("end silence", 1.0, seconds, 0))

    def stop(self) -> None:
        self._process.kill()
        self._process.join()


def _run(target: tuple[str, int], pipe: Connection) -> None:
    end_with_parent()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(target, pipe))


async def _serve(target: tuple[str, int], pipe: Connection) -> None:
    relay = _Relay(target)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    ended = asyncio.Event()

    def obey() -> None:
        try:
            while pipe.poll():
                relay.command(*pipe.recv())
        except (EOFError, OSError):
            ended.set()

    asyncio.get_running_loop().add_reader(pipe.fileno(), obey)
    pipe.send(server.sockets[0].getsockname()[1])
    ending = asyncio.create_task(relay.end_silence())
    await ended.wait()
    ending.cancel()
