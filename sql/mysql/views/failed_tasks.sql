-- The tasks that have failed and are not purged yet, and why.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW {{ p }}failed_tasks AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no,
  task.attempts, task.created_at,
  IF(task.attempts = 0, NULL, task.started_at) AS started_at,
  task.ended_at,
  task.due_at AS purged_at,
  CASE
    WHEN task.attempts - task.attempts_before >= task.max_count THEN 'attempts used up'
    WHEN task.lapses >= {{ max_lapses }} THEN 'attempts never ended'
    ELSE 'deadline passed'
  END AS reason,
  task.last_error
FROM {{ p }}task AS task FORCE INDEX (due) /* R9 */
STRAIGHT_JOIN {{ p }}queue AS queue FORCE INDEX (PRIMARY) /* R9 */ ON queue.queue_id = task.queue_id
WHERE task.lane = 0 AND task.status = {{ status.failed }}
