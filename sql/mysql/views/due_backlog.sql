-- The tasks whose time has come and that no relay has claimed yet.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW {{ p }}due_backlog AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no, task.status,
  task.due_at,
  TIMESTAMPDIFF(MICROSECOND, task.due_at, {{ now }}) / 1000000 AS overdue_seconds
FROM {{ p }}queue AS queue
STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (due) /* R9 */ ON task.lane = queue.queue_id
WHERE task.due_at <= {{ now }}
