CREATE PROCEDURE {{ p }}find_queues (
  IN in_tasks JSON
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Internal: registers the queues of create_tasks that are new. The plain read may miss one that was registered
  after the caller's snapshot; the INSERT then finds it.
  */
  INSERT INTO {{ p }}queue (namespace, queue)
  SELECT DISTINCT COALESCE(given.namespace, '{{ default.namespace }}'), given.queue
  FROM {{ new_tasks('in_tasks') }} AS given
  WHERE NOT EXISTS (
    SELECT 1
    FROM {{ p }}queue AS queue
    WHERE queue.namespace = COALESCE(given.namespace, '{{ default.namespace }}')
      AND queue.queue = given.queue
  )
  ON DUPLICATE KEY UPDATE queue_id = {{ p }}queue.queue_id;
END
