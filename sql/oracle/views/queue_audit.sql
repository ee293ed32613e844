-- One row a queue: for how many of its active tasks a message should be in Redis, and where the others are.
-- `waiting` and `requeued` (which an earlier attempt still counts as processing) are queued: nobody has started them
-- since, `unconfirmed` of them in a batch that may not have been pushed yet. `fresh` may have been pushed by their
-- creators. `due` wait for a relay, `parked` for the queue to open, `later` for their time; `running` are with
-- consumers.
CREATE OR REPLACE VIEW {{ p }}queue_audit AS
SELECT
  queue.namespace,
  queue.queue,
  queue.paused_at,
  COALESCE(tally.waiting, 0) AS waiting,
  COALESCE(tally.requeued, 0) AS requeued,
  COALESCE(tally.unconfirmed, 0) AS unconfirmed,
  COALESCE(tally.fresh, 0) AS fresh,
  COALESCE(tally.due, 0) AS due,
  COALESCE(tally.parked, 0) AS parked,
  COALESCE(tally.later, 0) AS later,
  COALESCE(tally.running, 0) AS running,
  CASE queue.direct WHEN 1 THEN 'direct' ELSE 'redis' END AS delivery
FROM {{ p }}queue queue
LEFT JOIN (
  SELECT
    queue_id,
    COUNT(CASE WHEN place = 'queued' AND status = {{ status.waiting }} THEN 1 END) AS waiting,
    COUNT(CASE WHEN place = 'queued' AND status = {{ status.processing }} THEN 1 END) AS requeued,
    COUNT(CASE WHEN place = 'queued' AND unconfirmed = 1 THEN 1 END) AS unconfirmed,
    COUNT(CASE WHEN place = 'fresh' THEN 1 END) AS fresh,
    COUNT(CASE WHEN place = 'due' THEN 1 END) AS due,
    COUNT(CASE WHEN place = 'parked' THEN 1 END) AS parked,
    COUNT(CASE WHEN place = 'later' THEN 1 END) AS later,
    COUNT(CASE WHEN place = 'running' THEN 1 END) AS running
  FROM (
    SELECT
      task.queue_id,
      task.status,
      CASE WHEN batch.batch_id IS NOT NULL THEN 1 ELSE 0 END AS unconfirmed,
      CASE
        WHEN task.lane < 0 THEN 'parked'
        WHEN task.due_at <= {{ now }} THEN 'due'
        WHEN task.batch_id > 0 THEN 'queued'
        WHEN task.status = {{ status.processing }} THEN 'running'
        WHEN task.attempts = 0 AND task.due_at <= task.created_at + {{ seconds(push_grace) }} THEN 'fresh'
        ELSE 'later'
      END AS place
    FROM {{ p }}task task
    LEFT JOIN {{ p }}batch batch ON batch.batch_id = task.batch_id
    WHERE task.lane <> 0
  ) active
  GROUP BY queue_id
) tally ON tally.queue_id = queue.queue_id
WHERE queue.removed_at IS NULL OR tally.queue_id IS NOT NULL
