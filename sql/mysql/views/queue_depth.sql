-- One row a queue: its active tasks, as in queue_statistics, without a look at terminal ones.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW {{ p }}queue_depth AS
SELECT
  queue.namespace,
  queue.queue,
  queue.paused_at,
  COALESCE(counted.waiting, 0) AS waiting,
  COALESCE(counted.processing, 0) AS processing,
  COALESCE(counted.due, 0) AS due,
  COALESCE(GREATEST(0, TIMESTAMPDIFF(MICROSECOND, counted.first_due_at, {{ now }})) / 1000000, 0) AS lag_seconds,
  IF(queue.direct, 'direct', 'redis') AS delivery
FROM {{ p }}queue AS queue
LEFT JOIN (
  SELECT
    queue_id,
    COUNT(CASE status WHEN {{ status.waiting }} THEN 1 END) AS waiting,
    COUNT(CASE status WHEN {{ status.processing }} THEN 1 END) AS processing,
    COUNT(CASE WHEN lane > 0 AND due_at <= {{ now }} THEN 1 END) AS due,
    MIN(CASE WHEN lane > 0 THEN due_at END) AS first_due_at
  FROM {{ p }}task FORCE INDEX (due) /* R9 */
  WHERE lane > 0 OR lane < 0
  GROUP BY queue_id
) AS counted ON counted.queue_id = queue.queue_id
WHERE queue.removed_at IS NULL OR counted.queue_id IS NOT NULL
