"""Ids that are reserved for imported tasks stay so, whatever happens to the server."""

from __future__ import annotations

from collections.abc import Callable

import servers
from testing import new

from qtask_db import Connection, calls


def test_reserved_ids_outlast_a_restart(
    mortal_server: servers.Server, conn: Connection, connect: Callable[..., Connection]
) -> None:
    above = new(conn) + 100_000
    calls.reserve_ids(conn, above)
    mortal_server.kill()
    mortal_server.restart()
    assert new(connect()) > above
