CREATE PROCEDURE {{ p }}find_queues (
  IN in_tasks JSON
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: registers the queues of create_tasks that are new, in the order of their names. The plain read may
  miss one that was registered after the caller's snapshot; the INSERT then changes it, and so makes it visible.
  */
  DECLARE v_namespace VARCHAR({{ limit.namespace }}) {{ string }};
  DECLARE v_queue VARCHAR({{ limit.queue }}) {{ string }};
  DECLARE v_done TINYINT DEFAULT FALSE;
  DECLARE c_new CURSOR FOR
    SELECT DISTINCT COALESCE(given.namespace, '{{ default.namespace }}') AS namespace, given.queue
    FROM {{ elements('in_tasks') }} AS given
    LEFT JOIN {{ p }}queue AS registered
      ON registered.namespace = COALESCE(given.namespace, '{{ default.namespace }}')
      AND registered.queue = given.queue
    WHERE registered.queue_id IS NULL
    ORDER BY namespace, queue;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;

  OPEN c_new;
  each_queue: LOOP
    FETCH c_new INTO v_namespace, v_queue;
    IF v_done THEN
      LEAVE each_queue;
    END IF;
    INSERT INTO {{ p }}queue (namespace, queue)
    VALUES (v_namespace, v_queue)
    ON DUPLICATE KEY UPDATE touched = touched + 1;
  END LOOP;
  CLOSE c_new;
END
