PROCEDURE find_due_queues (
  in_now IN TIMESTAMP,
  in_namespace IN VARCHAR2,
  in_held IN CLOB,
  out_queues OUT NOCOPY due_queues
)
/*
Internal: the queues with something to do for a scan, in random order, and whether each is closed.
*/
IS
  CURSOR c_queues IS
    SELECT queue_id, closed
    FROM (
      SELECT /*+ USE_HASH(held) */ /* O4 */
        queue.queue_id,
        CASE WHEN queue.paused_at IS NOT NULL OR held.name IS NOT NULL THEN 1 ELSE 0 END AS closed
      FROM {{ p }}queue queue
      LEFT JOIN {{ names("in_held") }} held ON held.name_bytes = {{ binary("queue.queue") }}
      WHERE queue.removed_at IS NULL AND queue.direct = 0 AND (in_namespace IS NULL OR {{ same("queue.namespace", "in_namespace") }})
    ) queue
    WHERE EXISTS (
      SELECT 1
      FROM {{ p }}task task
      WHERE task.lane = queue.queue_id AND task.due_at <= in_now
    ) OR EXISTS (
      SELECT 1
      FROM {{ p }}task task
      WHERE task.lane = -queue.queue_id
        AND task.due_at <= CASE queue.closed WHEN 1 THEN in_now ELSE {{ end_of_time }} END
    )
    ORDER BY STANDARD_HASH(queue_id || TO_CHAR(in_now, 'SSSSS.FF3'), 'SHA256');
BEGIN
  OPEN c_queues;
  FETCH c_queues BULK COLLECT INTO out_queues;
  CLOSE c_queues;
END find_due_queues;
