"""URLs of databases and of Redis, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, urlsplit

from qtask_db.errors import ConfigurationError
from qtask_db.log import mask


def split(url: str) -> SplitResult:
    """The parts of a URL. Raises ConfigurationError, without its secrets, if it is not a URL."""
    check_login(url, "the database URL")
    try:
        parts = urlsplit(url)
        named = hosts(parts)
        _ = [one.port for one in named]
    except ValueError:
        # Not the URL, nor the error: without its @ the password is read as the port.
        raise ConfigurationError(
            "the database URL is malformed: its port is not a number, or a [ of an address has no ]"
        ) from None
    if not re.match(r"[\w+.-]+://", url):
        raise ConfigurationError(
            "the database URL is malformed: expected something like "
            "mysql://user:password@host:3306/database or "
            "oracle://user:password@host:1521/?service_name=FREEPDB1"
        )
    if len(named) > 1 and not all(one.hostname for one in named):
        raise ConfigurationError(f"the database URL {mask(url)} is malformed: a host name is empty")
    return parts


def hosts(parts: SplitResult) -> list[SplitResult]:
    """The URL once for each host that it names: `mysql://user:password@one,two:3307/database`."""
    login, at, names = parts.netloc.rpartition("@")
    return [parts._replace(netloc=login + at + name) for name in names.split(",")]


def options(parts: SplitResult, allowed: Mapping[str, type]) -> dict[str, str | int | float]:
    """The query of a URL, converted. Raises ConfigurationError for one that is not `allowed`."""
    found: dict[str, str | int | float] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name not in allowed:
            raise ConfigurationError(
                f"{name!r} is not an option of a database URL; these are: "
                f"{', '.join(sorted(allowed))}"
            )
        try:
            found[name] = allowed[name](text)
        except ValueError:
            raise ConfigurationError(
                f"{name} in the database URL must be a number, not {text!r}"
            ) from None
    return found


def check_login(url: str, what: str) -> None:
    """Raises ConfigurationError if user and password may end elsewhere than the one who wrote
    the URL thinks. The error shows nothing of it: nobody can tell what in it is secret.
    """
    authority, *rest = re.split(r"(?=[/?#])", url.partition("://")[2], maxsplit=1)
    login = authority.rpartition("@")[0]
    if "@" in "".join(rest) or re.search(r"[\[\]]", login) or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ConfigurationError(
            f"{what} cannot be read: write @ / : ? # [ ] % and blanks in a password or an option "
            "as %40 %2F %3A %3F %23 %5B %5D %25 and %20"
        )
