"""The relays and workers that are there: each keeps one row, which says when it was last seen."""

from yoyo import step

from qtask_db.schema.oracle.objects import Creation
from qtask_db.settings import Settings, requested

settings = Settings().updated(requested())
p = settings.prefix
tablespace = f"\nTABLESPACE {settings.tablespace}" if settings.tablespace else ""
indexed = settings.index_tablespace or settings.tablespace
index_tablespace = f" TABLESPACE {indexed}" if indexed else ""

steps = [
    step(
        Creation(f"""
CREATE TABLE {p}process (
  name VARCHAR2(64 CHAR) NOT NULL,
  kind VARCHAR2(10 CHAR) NOT NULL,
  host VARCHAR2(255 CHAR),
  pid NUMBER(18),
  program VARCHAR2(64 CHAR),
  queues CLOB,
  threads NUMBER(9),
  busy NUMBER(9),
  started_at TIMESTAMP(3) NOT NULL,
  seen_at TIMESTAMP(3) NOT NULL,
  CONSTRAINT {p}process_pk PRIMARY KEY (name)
    USING INDEX (CREATE UNIQUE INDEX {p}process_pk ON {p}process (name){index_tablespace})
){tablespace}
LOB (queues) STORE AS (CACHE)
""")
    ),
]

COMMENTS = {
    "process": "Relays and workers that have reported within a day",
    "process.name": "of the process, in logs and batches, too",
    "process.kind": "relay or worker",
    "process.host": "of the machine",
    "process.pid": "number of the process there",
    "process.program": "name and release of what it runs",
    "process.queues": "a JSON array of those that it serves; NULL: any",
    "process.threads": "handlers that it can run at one time",
    "process.busy": "handlers that ran when it was last seen",
    "process.started_at": "UTC",
    "process.seen_at": "UTC; when it last reported",
}
steps += [
    step(f"COMMENT ON {'COLUMN' if '.' in name else 'TABLE'} {p}{name} IS '{text}'")
    for name, text in COMMENTS.items()
]
