"""The Redis of a node, as a URL."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

from qtask_db.errors import ConfigurationError


def check(node: dict[str, Any], path: str) -> None:
    """Raises ConfigurationError for the queues of another kind than Redis."""
    if (proto := node.get("proto") or "redis") != "redis":
        raise ConfigurationError(
            f"the node {path} has the proto {proto!r}, and queues are in Redis alone: name the "
            "node of a Redis in the URL, or give a Redis URL"
        )


def redis_url(node: dict[str, Any], path: str) -> str:
    """The URL of one server, of a Cluster (if there are several) or behind Sentinels (if there is
    a `master`). Raises ConfigurationError, without the password.
    """
    given = node.get("addrs") or []
    hosts = re.split(r"[,|]", given) if isinstance(given, str) else [str(one) for one in given]
    if not hosts or not all(re.fullmatch(r"\[?[\w.:-]+\]?(:\d+)?", host) for host in hosts):
        raise ConfigurationError(f'the node {path} must have addrs like ["host:6379"]: mend it')
    database, master = _number(node, "db", path), node.get("master")
    if master:
        scheme, end = "redis+sentinel", f"/{quote(str(master), safe='')}/{database}"
    elif len(hosts) > 1:
        scheme, end = "redis+cluster", ""  # which has the database 0 alone
    else:
        scheme, end = "redis", f"/{database}"
    password = str(node.get("password") or "")
    login = f":{quote(password, safe='')}@" if password else ""
    timeouts = {
        "socket_connect_timeout": _number(node, "dial_timeout", path),
        "socket_timeout": max(
            _number(node, "read_timeout", path), _number(node, "write_timeout", path)
        ),
    }
    options = urlencode({name: value for name, value in timeouts.items() if value})
    return f"{scheme}://{login}{','.join(hosts)}{end}{'?' if options else ''}{options}"


def _number(node: dict[str, Any], name: str, path: str) -> int:
    """0 if there is none."""
    value = node.get(name) or 0
    if not isinstance(value, int) or value < 0:
        raise ConfigurationError(f"the node {path} must have a whole number as {name}: mend it")
    return value
