"""The rivals, in the order of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rival:
    """A line of the table."""

    name: str
    title: str
    server: str
    module: str = ""
    relay: bool = False
    durable: bool = True
    lead: float = 0.4
    """Seconds that creating a thousand delayed tasks may take, until its worker knows them."""
    runs_on: str = "python"
    """Or `own`, the project's own Python, or `node`."""
    ours: bool = False
    """Whether it is qtask-db itself."""


DIRECT = "qtask-db, direct"
ONE_LOG = "mysql, one log"
"""A server without binary log: a commit syncs one file, as on PostgreSQL."""
RIVALS = (
    Rival("direct", DIRECT, "mysql", runs_on="own", ours=True),
    Rival("qtask", "qtask-db, Redis", "mysql", relay=True, runs_on="own", ours=True),
    Rival("one-log", "qtask-db, one log", ONE_LOG, "direct", runs_on="own", ours=True),
    Rival("original", "the original's method", "mysql", relay=True, runs_on="own", lead=2.5),
    Rival("solid", "Solid Queue's method", "mysql", relay=True, runs_on="own"),
    Rival("huey", "Huey", "mysql", lead=5),
    Rival("procrastinate", "procrastinate", "postgresql"),
    Rival("pgqueuer", "pgqueuer", "postgresql"),
    Rival("pgmq", "pgmq", "postgresql"),
    Rival("graphile", "graphile-worker", "postgresql", runs_on="node", lead=1),
    Rival("celery", "Celery", "redis, fsync", lead=2),
    Rival("rq", "RQ", "redis, fsync"),
    Rival("celery-memory", "Celery", "redis", module="celery", durable=False, lead=2),
    Rival("rq-memory", "RQ", "redis", module="rq", durable=False),
)
REDIS_OPTIONS = {
    "redis, fsync": ("--appendfsync", "always"),
    "redis": ("--appendonly", "no", "--save", "3600", "1", "300", "100", "60", "10000"),
}
"""The options that lose nothing, and Redis as it comes: snapshots now and then."""
