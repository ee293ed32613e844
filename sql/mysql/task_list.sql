-- Every task as people read it: names instead of numbers. Times are UTC.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW {{ p }}task_list AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no, task.status,
  task.attempts, task.max_count, task.created_at, task.started_at, task.ended_at,
  task.due_at, task.deadline_at, task.last_error
FROM {{ p }}task AS task
STRAIGHT_JOIN {{ p }}queue AS queue ON queue.queue_id = task.queue_id
