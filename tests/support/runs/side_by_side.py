"""How `pytest -n` deals tests out: what shares a database server runs in one process."""

from __future__ import annotations

import re

import servers
from xdist.scheduler import LoadScopeScheduling

FREE = ("containers", "endurance", "parity", "unit")
"""The tests of these folders use no server that others use."""
SERVICES = ("integration", "security", "upgrades")
"""Those of these take about as long as all others of an engine, and have a server of their own,
unless one is named.
"""


def share(test: str) -> str:
    """Tests of one share run in one process, one after the other; the largest shares come first."""
    path, _, parameters = test.partition("[")
    folder = path.split("/")[1]
    if folder in FREE:
        return test
    if servers.url.configured("redis"):
        return "redis"  # each test empties it; otherwise each process has its own
    engine = re.search(r"\b(mysql|mariadb|oracle)\b", parameters)
    surrounding = re.search(r"\bin:\w+", parameters)  # each has a server of its own
    words = [found[0] for found in (engine, surrounding) if found]
    if engine and folder in SERVICES and not servers.url.configured(engine[0]):
        words.append("services")
    return " ".join(words) or test


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid)
