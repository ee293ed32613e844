-- Every task as people read it: names instead of numbers. Times are UTC.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW {{ p }}task_list AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no, task.status,
  task.attempts, task.max_count, task.created_at,
  IF(task.attempts = 0, NULL, task.started_at) AS started_at,
  IF(task.lane = 0, task.ended_at, NULL) AS ended_at,
  task.due_at, task.deadline_at, task.last_error, task.lapses
FROM {{ p }}task AS task FORCE INDEX (PRIMARY) /* R9 */
STRAIGHT_JOIN {{ p }}queue AS queue FORCE INDEX (PRIMARY) /* R9 */ ON queue.queue_id = task.queue_id
