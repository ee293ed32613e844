"""Comments of columns that have become false."""

from yoyo import step

from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

COMMENTS = {
    "lane": "queue_id: active; -queue_id: active, but came due while its queue was paused or full; "
    "0: ended",
    "attempts_before": "attempts that do not count: those before a retry, those that were returned",
    "max_count": "most attempts that count: attempts - attempts_before",
    "batch_id": "the call that handled it last: > 0 the batch of a scan, < 0 a bulk start, "
    "0 another",
    "ended_at": "when it ended; of an active task, when a scan last claimed it, or an attempt "
    "last failed or was returned",
}
steps = [
    step(f"COMMENT ON COLUMN {p}task.{column} IS '{comment}'")
    for column, comment in COMMENTS.items()
]
