CREATE PROCEDURE {{ p }}find_queues (
  IN in_tasks JSON
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: registers the queues of create_tasks that are new. The plain read may miss one that was registered
  after the caller's snapshot; the INSERT then changes it, and so makes it visible.
  */
  INSERT INTO {{ p }}queue (namespace, queue)
  SELECT DISTINCT COALESCE(given.namespace, '{{ default.namespace }}'), given.queue
  FROM {{ elements('in_tasks') }} AS given
  ORDER BY 1, 2
  ON DUPLICATE KEY UPDATE touched = {{ p }}queue.touched + 1;
END
