-- The tasks that were started several times in a row and never ended: they may kill their workers.
CREATE OR REPLACE VIEW {{ p }}lapsed_tasks AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no,
  task.attempts, task.lapses, task.started_at, task.due_at
FROM {{ p }}task task
JOIN {{ p }}queue queue ON queue.queue_id = task.queue_id
WHERE (task.lane > 0 OR task.lane < 0)
  AND task.status = {{ status.processing }}
  AND task.lapses > 0
