"""URLs of databases and of Redis, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, urlsplit

from qtask_db.errors import ConfigurationError


def split(url: str) -> SplitResult:
    """The parts of a URL. Raises ConfigurationError, without its secrets, where it is none."""
    check_login(url, "the database URL")
    try:
        parts = urlsplit(url)
        named = hosts(parts)
        _ = [one.port for one in named]
    except ValueError:
        # Not the URL, nor the error: without its @ the password stands where the port is read.
        raise ConfigurationError(
            "the database URL is no URL: its port is no number, or a [ of an address has no ]"
        ) from None
    if not re.match(r"[\w+.-]+://", url):
        raise ConfigurationError(
            "the database URL is no URL: expected something like "
            "mysql://user:password@host:3306/database or "
            "oracle://user:password@host:1521/?service_name=FREEPDB1"
        )
    if len(named) > 1 and not all(one.hostname for one in named):
        raise ConfigurationError(f"{mask(url)} is no URL: a host name is empty")
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
                f"{name!r} is no option of a database URL: {', '.join(sorted(allowed))} are"
            )
        try:
            found[name] = allowed[name](text)
        except ValueError:
            raise ConfigurationError(
                f"{name} in the database URL must be a number, not {text!r}"
            ) from None
    return found


def check_login(url: str, what: str) -> None:
    """Raises ConfigurationError where user and password may end elsewhere than the one who wrote
    the URL thinks. The error shows nothing of it: nobody can tell what in it is secret.
    """
    authority, *rest = re.split(r"(?=[/?#])", url.partition("://")[2], maxsplit=1)
    login = authority.rpartition("@")[0]
    if "@" in "".join(rest) or re.search(r"[\[\]]", login) or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ConfigurationError(
            f"{what} cannot be read: write @ / : ? # [ ] % and blanks in a password or an option "
            "as %40 %2F %3A %3F %23 %5B %5D %25 and %20"
        )


_WORD = re.compile(r"\S+")
_LOGIN = re.compile(r"(?<=\w):(/*)")
_OPTION = re.compile(r"(?i)\b(\w*(?:password|passwd|pwd))=[^&\s]*")


def mask(text: str) -> str:
    """The text with the passwords of all URLs in it replaced by `***`, however wrong they are.

    In a word all from the first colon to the last @ is a login: `scheme://user:secret@`, and what
    somebody may have written for it, `redis:user:secret@` or `user:secret@`. Examples stay.
    """
    text = _OPTION.sub(r"\1=***", text)
    return _WORD.sub(_masked, text) if "@" in text else text


def _masked(word: re.Match[str]) -> str:
    before, at, after = word[0].rpartition("@")
    found = _LOGIN.search(before) if at else None
    if found is None:
        return word[0]
    user, colon, secret = before[found.end() :].partition(":")
    if (user, secret) == ("user", "password"):
        return word[0]
    if colon and found[1]:
        return f"{before[: found.end()]}{user}:***@{after}"
    # A user alone is no secret. But Redis has long had passwords alone, and without // nobody knows
    # which of the two it is.
    redis = "redis" in before[max(0, found.start() - len("rediss+sentinel")) : found.start()]
    if found[1] == "//" and not colon and not redis:
        return word[0]
    return f"{before[: found.end()]}***@{after}"
