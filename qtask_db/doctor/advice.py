"""What to do about an error, for the people who read it on a terminal."""

from __future__ import annotations

import re

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

# By the words of the drivers and the servers' numbers, the first that fits; these say more than the
# class does.
_CAUSES = {
    # The server was reached, and did not answer in time.
    r"during query .*timed out|call timeout of": (
        "the URL says how long to wait: ?read_timeout=600, on Oracle ?call_timeout=600"
    ),
    r"\((1290|1836|1036|1874|3989)\)|ORA-1(6000|6456)": (
        "the server takes no writes: wait for the failover, or name the primary in the URL"
    ),
    r"\((1040|1203|1226|4081|4082)\)|ORA-000(18|19|20)\b|ORA-02391": (
        "the server has no connection left for this account: close some, or raise its limit"
    ),
    r"\((1021|1026|1030|1114|1811|1878|3675|4139)\)|ORA-(00257|01628|0163[012]|0165\d|0168[38])"
    r"|ORA-(0169[123]|198\d\d|30036)|No space left|errno: 28|error 28 |DiskFull": (
        "the server has no room left: make room on its disks or in its tablespaces"
    ),
    r"\((1037|1041|1135|3015|3044)\)|ORA-0403[016]": ("the server is short of memory or threads"),
    r"\((1028|1931|1969|3024)\)|ORA-(00040|0239[2-5])": (
        "a time limit of the server has ended it: max_statement_time, max_execution_time"
    ),
    r"\((1317|1927|3169)\)|ORA-000(28|31)\b": "somebody has ended the session: run it again",
    r"\((1047|3032|6400|3098|3100|378[123]|379[78])\)": (
        "the node is not in its cluster: connect to another one"
    ),
    r"\(1129\)": "the server blocks this host after many failed connections: FLUSH HOSTS there",
    r"\((1044|1370)\)": (
        "grant the account a role of `qtask render --grants`, and make it active: SET DEFAULT ROLE"
    ),
    r"\((1045|1698)\)|ORA-01017": "check user and password",
    r"password in clear text": "",  # it says itself what to do
    r"\((1820|1862|3118|3955|4150|4151)\)|ORA-(2800[01]|65162)": (
        "the password has expired or the account is locked: ask who administers the server"
    ),
    r"\(3159\)": "the server wants TLS: ?ssl_mode=required in the URL",
}


def advice(error: errors.QtaskError) -> str:
    """What to do; empty where the error's own text says it."""
    if "`qtask " in str(error):
        return ""
    for words, text in _CAUSES.items():
        if re.search(words, str(error)):
            return text
    return next((text for kind, text in _ADVICE.items() if isinstance(error, kind)), "")


def with_advice(error: errors.QtaskError) -> str:
    """What happened and what to do, in one line."""
    text = str(error) or type(error).__name__
    todo = advice(error)
    return f"{text.rstrip('.')}; {todo}" if todo else text
