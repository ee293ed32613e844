"""The database of a node: the connection string of a Go driver as a URL."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from qtask_db.errors import ConfigurationError

_DSN = re.compile(
    r"(?:(?P<user>[^:]*?)(?::(?P<password>.*))?@)?"  # to the last @
    r"(?:unix\((?P<socket>[^@()]+)\)|(?:tcp)?(?:\((?P<host>[\w.:\[\]-]*)\))?)"
    r"/(?P<database>[^/?]+)(?:\?(?P<options>[^/]*))?",
    re.DOTALL,
)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|ns)")
_TIMEOUTS = {
    "timeout": "connect_timeout",
    "readTimeout": "read_timeout",
    "writeTimeout": "write_timeout",
}
_TLS = {
    "true": "verify_identity",
    "skip-verify": "required",
    "preferred": "preferred",
    "false": "disabled",
}


def database_url(node: dict[str, Any], path: str) -> str:
    """The URL of a database. Raises ConfigurationError, without the connection string."""
    provider, text = node.get("provider"), node.get("connstring")
    if provider not in ("mysql", "oracle", "ora"):
        raise ConfigurationError(
            f"the node {path} has the provider {provider!r}, and tasks are kept in mysql or oracle "
            "alone: name the node of such a database in the URL"
        )
    if not isinstance(text, str):
        raise ConfigurationError(f"the node {path} has no connString: mend it")
    return _mysql(text, path) if provider == "mysql" else _oracle(text, path)


def _mysql(text: str, path: str) -> str:
    found = _DSN.fullmatch(text)
    if found is None:
        raise ConfigurationError(
            f"the connString of the node {path} cannot be read: it must be like "
            "user:password@tcp(host:3306)/database"
        )
    options = dict(parse_qsl(found["options"] or ""))
    arguments = {
        ours: f"{seconds:g}"
        for theirs, ours in _TIMEOUTS.items()
        if (seconds := _seconds(options.get(theirs, ""), theirs, path))
    }
    if tls := options.get("tls"):
        if tls not in _TLS:
            raise ConfigurationError(
                f"the connString of the node {path} has tls={tls}, which only the Go program knows "
                "that has registered it: give a database URL with ssl_mode and ssl_ca instead"
            )
        arguments["ssl_mode"] = _TLS[tls]
    if found["socket"]:
        arguments["unix_socket"] = found["socket"]
    user, password, host = found["user"], found["password"], found["host"] or ""
    return _url("mysql", user, password, host, found["database"], arguments)


def _oracle(text: str, path: str) -> str:
    login, at, service = text.strip().rpartition("@")
    user, slash, password = login.partition("/")
    if not (at and slash and user and service):
        raise ConfigurationError(
            f"the connString of the node {path} cannot be read: it must be like "
            "user/password@host:1521/service or user/password@name_in_tnsnames"
        )
    return _url("oracle", user, password, "", "", {"dsn": service})


def _url(
    scheme: str,
    user: str | None,
    password: str | None,
    host: str,
    database: str,
    options: dict[str, str],
) -> str:
    login = quote(user or "", safe="")
    if password:
        login += ":" + quote(password, safe="")
    url = f"{scheme}://{login}{'@' if login else ''}{host}/{quote(database, safe='')}"
    return f"{url}?{urlencode(options, quote_via=quote, safe='')}" if options else url


def _seconds(text: str, name: str, path: str) -> float:
    """Of a duration such as `1m30s`; 0 if there is none. Those shorter than a ms are none."""
    parts = _DURATION.findall(text)
    if "".join(number + unit for number, unit in parts) != text.removeprefix("+") and text != "0":
        raise ConfigurationError(
            f"the connString of the node {path} has {name}={text}: it must be like 30s or 1m30s"
        )
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts), 3)
