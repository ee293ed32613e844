-- The tasks that were started several times in a row and never ended: they may kill their workers.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW {{ p }}lapsed_tasks AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no,
  task.attempts, task.lapses, task.started_at, task.due_at
FROM {{ p }}task AS task FORCE INDEX (due) /* R9 */
STRAIGHT_JOIN {{ p }}queue AS queue FORCE INDEX (PRIMARY) /* R9 */ ON queue.queue_id = task.queue_id
WHERE (task.lane > 0 OR task.lane < 0)
  AND task.status = {{ status.processing }}
  AND task.lapses > 0
