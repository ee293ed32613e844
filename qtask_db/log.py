"""The package's loggers: what comes from outside cannot forge a line or steer a terminal."""

from __future__ import annotations

import logging
import re
import textwrap
import traceback

# C0, DEL and C1, line and paragraph separators, what turns the direction of text, lone surrogates.
UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff]"
)
"""In a text of somebody's it would forge a line or steer a terminal."""

_WORD = re.compile(r"\S+")
_LOGIN = re.compile(r"(?<=\w):(/*)")
_OPTION = re.compile(r"(?i)\b(\w*(?:password|passwd|pwd))=[^&\s]*")


class Lines(str):
    """Several lines of the package's own, which stay as they are."""

    __slots__ = ()


def get_logger(name: str) -> logging.Logger:
    """The logger of that name, whose records show what was put into their text escaped, and without
    the passwords of URLs.
    """
    logger = logging.getLogger(name)
    if not any(isinstance(one, _Escaping) for one in logger.filters):
        logger.addFilter(_Escaping())
    return logger


def visible(text: str, keep: str = "") -> str:
    """The text with `\\x1b`, `\\n` or `\\u2028` written out where those characters are in it."""
    return UNSAFE.sub(
        lambda found: found[0] if found[0] in keep else found[0].encode("unicode_escape").decode(),
        text,
    )


class _Escaping(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                one if isinstance(one, int | float | Lines) else visible(mask(str(one)))
                for one in record.args
            )
        if record.exc_info and record.exc_info[1] and not record.exc_text:
            record.exc_text = trace(record.exc_info[1])
        return True


def trace(error: BaseException) -> str:
    """The traceback, in which no text of the error looks like a line of the log's own."""
    text = "".join(traceback.format_exception(error)).rstrip()
    return textwrap.indent(visible(mask(text), keep="\n"), "  ")


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
    # A user alone is not secret. But Redis has long had passwords alone: without // nobody knows
    # which of the two it is.
    redis = "redis" in before[max(0, found.start() - len("rediss+sentinel")) : found.start()]
    if found[1] == "//" and not colon and not redis:
        return word[0]
    return f"{before[: found.end()]}***@{after}"
