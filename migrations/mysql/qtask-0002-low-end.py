"""A table that tells scans where to begin while a long snapshot keeps what has left their lanes."""

from yoyo import step

from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

steps = [
    step(f"""
CREATE TABLE IF NOT EXISTS {p}low_end (
  lane INT NOT NULL,
  first_at DATETIME(3) NOT NULL COMMENT 'no task was due earlier',
  valid_until DATETIME(3) NOT NULL COMMENT 'UTC; then a scan looks at the whole lane again',
  PRIMARY KEY (lane)
)
ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT 'Lanes whose low end is slow to read; empty most of the time'
"""),
]
