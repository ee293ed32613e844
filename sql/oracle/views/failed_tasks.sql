-- The tasks that have failed and are not purged yet, and why.
CREATE OR REPLACE VIEW {{ p }}failed_tasks AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no,
  task.attempts, task.created_at,
  CASE WHEN task.attempts > 0 THEN task.started_at END AS started_at,
  task.ended_at,
  task.due_at AS purged_at,
  CASE
    WHEN task.attempts - task.attempts_before >= task.max_count THEN 'attempts used up'
    WHEN task.lapses >= {{ max_lapses }} THEN 'attempts never ended'
    ELSE 'deadline passed'
  END AS reason,
  task.last_error
FROM {{ p }}task task
JOIN {{ p }}queue queue ON queue.queue_id = task.queue_id
WHERE task.lane = 0 AND task.status = {{ status.failed }}
