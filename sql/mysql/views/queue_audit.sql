-- One row a queue: for how many of its active tasks a message should be in Redis, and where the others are.
-- `waiting` and `requeued` (which an earlier attempt still counts as processing) are queued: nobody has started them
-- since, `unconfirmed` of them in a batch that may not have been pushed yet. `fresh` may have been pushed by their
-- creators. `due` wait for a relay, `parked` for the queue to open, `later` for their time; `running` are with
-- consumers.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW {{ p }}queue_audit AS
SELECT
  queue.namespace,
  queue.queue,
  queue.paused_at,
  COALESCE(counted.waiting, 0) AS waiting,
  COALESCE(counted.requeued, 0) AS requeued,
  COALESCE(counted.unconfirmed, 0) AS unconfirmed,
  COALESCE(counted.fresh, 0) AS fresh,
  COALESCE(counted.due, 0) AS due,
  COALESCE(counted.parked, 0) AS parked,
  COALESCE(counted.later, 0) AS later,
  COALESCE(counted.running, 0) AS running,
  IF(queue.direct, 'direct', 'redis') AS delivery
FROM {{ p }}queue AS queue
LEFT JOIN (
  SELECT
    queue_id,
    COUNT(CASE WHEN place = 'queued' AND status = {{ status.waiting }} THEN 1 END) AS waiting,
    COUNT(CASE WHEN place = 'queued' AND status = {{ status.processing }} THEN 1 END) AS requeued,
    COUNT(CASE WHEN place = 'queued' AND unconfirmed THEN 1 END) AS unconfirmed,
    COUNT(CASE WHEN place = 'fresh' THEN 1 END) AS fresh,
    COUNT(CASE WHEN place = 'due' THEN 1 END) AS due,
    COUNT(CASE WHEN place = 'parked' THEN 1 END) AS parked,
    COUNT(CASE WHEN place = 'later' THEN 1 END) AS later,
    COUNT(CASE WHEN place = 'running' THEN 1 END) AS running
  FROM (
    SELECT
      task.queue_id,
      task.status,
      batch.batch_id IS NOT NULL AS unconfirmed,
      CASE
        WHEN task.lane < 0 THEN 'parked'
        WHEN task.due_at <= {{ now }} THEN 'due'
        WHEN task.batch_id > 0 THEN 'queued'
        WHEN task.status = {{ status.processing }} THEN 'running'
        WHEN task.attempts = 0 AND task.due_at <= task.created_at + INTERVAL {{ push_grace }} SECOND THEN 'fresh'
        ELSE 'later'
      END AS place
    FROM {{ p }}task AS task FORCE INDEX (due) /* R9 */
    LEFT JOIN {{ p }}batch AS batch ON batch.batch_id = task.batch_id
    WHERE task.lane > 0 OR task.lane < 0
  ) AS active
  GROUP BY queue_id
) AS counted ON counted.queue_id = queue.queue_id
WHERE queue.removed_at IS NULL OR counted.queue_id IS NOT NULL
