-- The tasks whose time has come and that no relay has claimed yet.
CREATE OR REPLACE VIEW {{ p }}due_backlog AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no, task.status,
  task.due_at,
  {{ in_seconds("(%s - task.due_at)" % now) }} AS overdue_seconds
FROM {{ p }}queue queue
JOIN {{ p }}task task ON task.lane = queue.queue_id
WHERE task.due_at <= {{ now }}
