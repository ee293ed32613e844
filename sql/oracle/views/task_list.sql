-- Every task as people read it: names instead of numbers. Times are UTC.
CREATE OR REPLACE VIEW {{ p }}task_list AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no, task.status,
  task.attempts, task.max_count, task.created_at,
  CASE WHEN task.attempts > 0 THEN task.started_at END AS started_at,
  CASE WHEN task.lane = 0 THEN task.ended_at END AS ended_at,
  task.due_at, task.deadline_at, task.last_error, task.lapses
FROM {{ p }}task task
JOIN {{ p }}queue queue ON queue.queue_id = task.queue_id
