-- One row a queue: how many tasks are in which status, how many are due, and for how long the first of them.
CREATE OR REPLACE VIEW {{ p }}queue_statistics AS
SELECT
  queue.namespace,
  queue.queue,
  queue.paused_at,
  COALESCE(tally.waiting, 0) AS waiting,
  COALESCE(tally.processing, 0) AS processing,
  COALESCE(tally.due, 0) AS due,
  COALESCE(tally.finished, 0) AS finished,
  COALESCE(tally.cancelled, 0) AS cancelled,
  COALESCE(tally.failed, 0) AS failed,
  COALESCE(GREATEST(0, {{ in_seconds("(%s - tally.first_due_at)" % now) }}), 0) AS lag_seconds,
  CASE queue.direct WHEN 1 THEN 'direct' ELSE 'redis' END AS delivery
FROM {{ p }}queue queue
LEFT JOIN (
  SELECT
    queue_id,
    COUNT(CASE status WHEN {{ status.waiting }} THEN 1 END) AS waiting,
    COUNT(CASE status WHEN {{ status.processing }} THEN 1 END) AS processing,
    COUNT(CASE WHEN lane > 0 AND due_at <= {{ now }} THEN 1 END) AS due,
    COUNT(CASE status WHEN {{ status.finished }} THEN 1 END) AS finished,
    COUNT(CASE status WHEN {{ status.cancelled }} THEN 1 END) AS cancelled,
    COUNT(CASE status WHEN {{ status.failed }} THEN 1 END) AS failed,
    MIN(CASE WHEN lane > 0 THEN due_at END) AS first_due_at
  FROM {{ p }}task
  GROUP BY queue_id
) tally ON tally.queue_id = queue.queue_id
WHERE queue.removed_at IS NULL OR tally.queue_id IS NOT NULL
