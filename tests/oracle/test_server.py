"""Whether there is an Oracle Database to test on."""

from __future__ import annotations

import servers

from qtask_db import Database


def test_an_oracle_server_answers(database_server: servers.Server) -> None:
    with Database(database_server.url).connect() as conn:
        assert conn.alive()
        assert conn.raw.version == database_server.version
