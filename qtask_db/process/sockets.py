"""Idle connections that a firewall or a NAT may cut, and how soon it is noticed."""

from __future__ import annotations

import select
import socket
from typing import Any

PATIENCE = 3.0
"""Seconds that a look at a connection waits for its answer."""
LOOK_AFTER = 10.0
"""Seconds without use after which a connection is looked at before it is used."""

# Each 20 s of silence a packet, so that nothing on the way forgets the connection. Any packet that
# is not acknowledged within 10 s ends it. No system has all of these options.
_WANTED = {
    "TCP_KEEPIDLE": 20,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 10_000,
}
KEEPALIVE: dict[int, int | bytes] = {
    getattr(socket, name): value for name, value in _WANTED.items() if hasattr(socket, name)
}


def keep_alive(sock: socket.socket) -> None:
    """Sets the options above; a Unix socket has no use for them."""
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE.items():
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def has_ended(sock: Any) -> bool:
    """Whether the other side has closed it, or said something that nobody asked for, such as why it
    is about to. Costs no round trip.
    """
    if hasattr(select, "poll"):
        look = select.poll()
        look.register(sock, select.POLLIN)
        return bool(look.poll(0))
    return bool(select.select([sock], [], [], 0)[0])
