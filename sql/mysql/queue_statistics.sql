-- One row a queue: how many tasks are in which status, how many are due, and for how long the first of them.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW {{ p }}queue_statistics AS
SELECT
  queue.namespace,
  queue.queue,
  queue.paused_at,
  COALESCE(counted.waiting, 0) AS waiting,
  COALESCE(counted.processing, 0) AS processing,
  COALESCE(counted.due, 0) AS due,
  COALESCE(counted.finished, 0) AS finished,
  COALESCE(counted.cancelled, 0) AS cancelled,
  COALESCE(counted.failed, 0) AS failed,
  COALESCE(GREATEST(0, TIMESTAMPDIFF(MICROSECOND, counted.first_due_at, {{ now }})) / 1000000, 0) AS lag_seconds
FROM {{ p }}queue AS queue
LEFT JOIN (
  SELECT
    queue_id,
    SUM(status = {{ status.waiting }}) AS waiting,
    SUM(status = {{ status.processing }}) AS processing,
    SUM(lane > 0 AND due_at <= {{ now }}) AS due,
    SUM(status = {{ status.finished }}) AS finished,
    SUM(status = {{ status.cancelled }}) AS cancelled,
    SUM(status = {{ status.failed }}) AS failed,
    MIN(IF(lane > 0, due_at, NULL)) AS first_due_at
  FROM {{ p }}task
  GROUP BY queue_id
) AS counted ON counted.queue_id = queue.queue_id
