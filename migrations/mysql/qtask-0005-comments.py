"""Comments of columns that were missing or have become false.

The servers change a comment without a look at the rows.
"""

from yoyo import step

from qtask_db.schema.mysql.ddl import Comment
from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

COMMENTS = [
    (
        "task",
        "lane",
        "INT",
        "",
        "queue_id: active; -queue_id: active, but came due while its queue was paused or full; "
        "0: ended",
    ),
    ("task", "queue_id", "INT", "", "the queue that its messages go to"),
    (
        "task",
        "attempts_before",
        "INT",
        "0",
        "attempts that do not count: those before a retry, those that were returned",
    ),
    ("task", "max_count", "INT", "", "most attempts that count: attempts - attempts_before"),
    (
        "task",
        "batch_id",
        "BIGINT",
        "0",
        "the call that handled it last: > 0 a scan; < 0 a bulk call, which created it (even: "
        "real-time, odd: delayed) or started it (even); 0 another",
    ),
    (
        "task",
        "ended_at",
        "DATETIME(3)",
        "1970-01-01 00:00:00.000",
        "when it ended; of an active task, when a scan last claimed it, or an attempt last "
        "failed or was returned",
    ),
    ("batch", "claimed_at", "DATETIME(3)", "", "UTC"),
    ("low_end", "lane", "INT", "", "as that of tasks"),
]
steps = [step(Comment(f"{p}{table}", *column)) for table, *column in COMMENTS]
