"""Advice about errors, for the people who read them on a terminal."""

from __future__ import annotations

from qtask_db import errors

_ADVICE: dict[type[errors.QtaskError], str] = {
    errors.TaskNotFound: "see `qtask list`",
    errors.TaskNotActive: "`qtask explain ID` says why; `qtask retry ID` if it is not finished",
    errors.TaskNotRetryable: "`qtask explain ID` says where it is",
    errors.DuplicateOrder: "cancel that task first, or leave this one as it is",
    errors.Conflict: "another transaction was in the way: run the command again",
    errors.DatabaseUnavailable: "check that the server is up and that host and port are right",
    errors.AccessDenied: "check user and password, and the grants of `qtask render --grants`",
    errors.NotInstalled: "run `qtask install`, or check the prefix",
    errors.QueueUnavailable: "check that Redis is up and that its URL is right",
}


def advice(error: errors.QtaskError) -> str:
    """The remedy; empty if the error's own text says it."""
    if error.remedy is not None:
        return error.remedy
    return next((text for kind, text in _ADVICE.items() if isinstance(error, kind)), "")


def with_advice(error: errors.QtaskError) -> str:
    """The error and its remedy, in one line."""
    text = str(error) or type(error).__name__
    todo = advice(error)
    return f"{text.rstrip('.')}; {todo}" if todo else text
