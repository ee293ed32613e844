"""Checks of the way to a server: whether others can read it, or pose as the server."""

from __future__ import annotations

import ipaddress
import socket
import ssl

from qtask_db.doctor.check import Check, ok, warn


def examine(name: str, sock: socket.socket, *, authority: bool, remedy: str) -> Check:
    """`authority`: the user has named one, whose certificates are not for everybody to have.
    `remedy` makes the connection prove the server's host name.
    """
    if sock.family == getattr(socket, "AF_UNIX", None):
        return ok(name, "a Unix socket, which does not leave this machine")
    version = sock.version() if isinstance(sock, ssl.SSLSocket) else None
    if isinstance(sock, ssl.SSLSocket) and sock.context.verify_mode is ssl.CERT_REQUIRED:
        if sock.context.check_hostname:
            return ok(name, f"{version}; the certificate proves the server's host name")
        if authority:
            return ok(name, f"{version}; the certificate proves its authority, not its host name")
    if is_loopback(sock.getpeername()[0]):
        return ok(name, f"{version or 'none'}, and it does not leave this machine")
    if version:
        text = f"{version}, but nothing proves which server it is"
    else:
        text = "none: whoever is on the way reads and changes what is sent"
    return warn(name, f"{text}; who poses as the server gets the password", remedy)


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
