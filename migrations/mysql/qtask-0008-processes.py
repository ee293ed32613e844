"""The relays and workers that are there: each keeps one row, which says when it was last seen."""

from yoyo import step

from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

steps = [
    step(f"""
CREATE TABLE IF NOT EXISTS {p}process (
  name VARCHAR(64) NOT NULL,
  kind VARCHAR(10) NOT NULL COMMENT 'relay or worker',
  host VARCHAR(255) NULL,
  pid BIGINT NULL,
  program VARCHAR(64) NULL COMMENT 'name and release of what it runs',
  queues MEDIUMTEXT NULL COMMENT 'a JSON array of those that it serves; NULL: any',
  threads INT NULL COMMENT 'handlers that it can run at one time',
  busy INT NULL COMMENT 'handlers that ran when it was last seen',
  started_at DATETIME(3) NOT NULL COMMENT 'UTC',
  seen_at DATETIME(3) NOT NULL COMMENT 'UTC; when it last reported',
  PRIMARY KEY (name)
)
ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT 'Relays and workers that have reported within a day'
"""),
]
