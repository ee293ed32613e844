"""The package's loggers: what comes from outside cannot forge a line or steer a terminal."""

from __future__ import annotations

import logging
import re

# C0, DEL and C1, line and paragraph separators, what turns the direction of text, lone surrogates.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Lines(str):
    """Several lines of the package's own, which stay as they are."""

    __slots__ = ()


def get_logger(name: str) -> logging.Logger:
    """The logger of that name, whose records show what was put into their text escaped."""
    logger = logging.getLogger(name)
    if not any(isinstance(one, _Escaping) for one in logger.filters):
        logger.addFilter(_Escaping())
    return logger


def visible(text: str) -> str:
    """The text with `\\x1b`, `\\n` or `\\u2028` written out where those characters are in it."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class _Escaping(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                one if isinstance(one, int | float | Lines) else visible(str(one))
                for one in record.args
            )
        return True
