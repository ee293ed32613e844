"""Errors of Redis: some concern one queue alone."""

from __future__ import annotations

import pytest
import redis as redis_py

from qtask_db.transport import commands


@pytest.mark.parametrize(
    ("text", "one_queue"),
    [
        ("WRONGTYPE Operation against a key holding the wrong kind of value", True),
        ("NOPERM No permissions to access a key", True),
        ("NOPERM this user has no permissions to access one of the keys used as arguments", True),
        ("NOPERM User few has no permissions to run the 'rpush' command", False),
        ("MOVED 3999 127.0.0.1:6381", True),
        ("ASK 3999 127.0.0.1:6381", True),
        ("TRYAGAIN Multiple keys request during rehashing of slot", True),
        ("CLUSTERDOWN Hash slot not served", True),
        ("CLUSTERDOWN The cluster is down", False),
        ("NOGROUP No such key 'A' or consumer group 'qtask'", True),
        ("LOADING Redis is loading the dataset in memory", False),
        ("BUSY Redis is busy running a script.", False),
        ("OOM command not allowed when used memory > 'maxmemory'.", False),
        ("READONLY You can't write against a read only replica.", False),
        ("MASTERDOWN Link with MASTER is down", False),
        ("MISCONF Redis is configured to save RDB snapshots", False),
        ("NOREPLICAS Not enough good replicas to write.", False),
        ("NOAUTH Authentication required.", False),
        ("WRONGPASS invalid username-password pair or user is disabled.", False),
        ("ERR max number of clients reached", False),
        ("UNBLOCKED force unblock from blocking operation, instance state changed", False),
        ("ERR Error running script (call to f_1): @user_script:1: WRONGTYPE Operation", True),
        ("ERR Error running script (call to f_1): @user_script: 1: -READONLY You can't", False),
        ("ERR Error running script (call to f_1): @user_script:4: @user_script: 4: -OOM no", False),
    ],
)
def test_of_each_error_it_is_known_whom_it_concerns(text: str, one_queue: bool) -> None:
    error = redis_py.connection.DefaultParser.parse_error(text)
    assert commands.concerns_one_queue(error) is one_queue
