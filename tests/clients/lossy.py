"""A connection that loses the answer to COMMIT: the server has committed, nobody is told."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

SIZE = 65_536
CLIENT_SSL = 0x0800
"""The capability by which a server offers encryption: unless it does, a proxy can read along."""


class LossyProxy:
    """Forwards to `target`. The first commit behind a `finish_task_once` loses its answer."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.lost = 0
        """How many answers were."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                client.sendall(_without_encryption(server.recv(SIZE)))
                mute = threading.Event()
                for run in (self._ask, _answer):
                    threading.Thread(target=run, args=(client, server, mute), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, mute: threading.Event) -> None:
        finishing = False
        with suppress(OSError):
            while data := client.recv(SIZE):
                finishing = finishing or b"finish_task_once" in data
                if finishing and not self.lost and b"commit" in data.lower():
                    self.lost += 1
                    mute.set()
                server.sendall(data)
        _end(server)


def _answer(client: socket.socket, server: socket.socket, mute: threading.Event) -> None:
    with suppress(OSError):
        while (data := server.recv(SIZE)) and not mute.is_set():
            client.sendall(data)
    _end(client)


def _end(side: socket.socket) -> None:
    with suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)


def _without_encryption(greeting: bytes) -> bytes:
    """The server's first packet: 4 bytes of length and number, the protocol, the version up to a
    NUL, 4 bytes of the connection's id, 9 of a challenge, then the capabilities.
    """
    place = greeting.index(b"\0", 5) + 1 + 4 + 9
    offered = int.from_bytes(greeting[place : place + 2], "little") & ~CLIENT_SSL
    return greeting[:place] + offered.to_bytes(2, "little") + greeting[place + 2 :]
