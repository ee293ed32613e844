"""Remedies of a server's errors, for the people who read them; the dialects know the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

N = TypeVar("N", int, "int | str")

CALL_TIMEOUT = "the URL says how long to wait: ?read_timeout=600, on Oracle ?call_timeout=600"
READ_ONLY = "the server takes no writes: wait for the failover, or name the primary in the URL"
NO_CONNECTION = "the server has no connection left for this account: close some, or raise its limit"
NO_ROOM = "the server has no room left: make room on its disks or in its tablespaces"
NO_MEMORY = "the server is short of memory or threads"
TIME_LIMIT = "a time limit of the server has ended it: max_statement_time, max_execution_time"
KILLED = "somebody has ended the session: run it again"
NO_CLUSTER = "the node is not in its cluster: connect to another one"
BLOCKED = "the server blocks this host after many failed connections: FLUSH HOSTS there"
NO_ROLE = (
    "grant the account a role of `qtask render --grants`, and make it active: SET DEFAULT ROLE"
)
LOGIN = "check user and password"
EXPIRED = "the password has expired or the account is locked: ask who administers the server"
NO_TLS = "the server wants TLS: ?ssl_mode=required in the URL"
ORPHANED = "`qtask install` by an account that stays creates them again"
TOLD = ""
"""The error's own text says it."""


def by_number(numbers: Mapping[str, set[N]]) -> dict[N, str]:
    """The remedy of each number."""
    return {number: remedy for remedy, those in numbers.items() for number in those}
