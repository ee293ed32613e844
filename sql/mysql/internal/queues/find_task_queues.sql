CREATE PROCEDURE {{ p }}find_task_queues (
  IN in_namespace VARCHAR({{ limit.namespace }}) {{ string }},
  IN in_queue VARCHAR({{ limit.queue }}) {{ string }},
  IN in_on_failure VARCHAR({{ limit.queue }}) {{ string }},
  OUT out_queue_id INT,
  OUT out_paused TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: the queue of a new task, as find_queue tells of it. It and that of on_failure are registered in the order of
  their names, so that no two creators wait for each other.
  */
  DECLARE v_registered INT;
  DECLARE v_first TINYINT;
  DECLARE v_queue_id INT;
  DECLARE v_paused TINYINT;

  IF in_on_failure IS NOT NULL THEN
    SELECT COUNT(*), in_on_failure < in_queue
    INTO v_registered, v_first
    FROM {{ p }}queue
    WHERE namespace = in_namespace AND queue = in_on_failure;
    IF v_registered = 0 AND NOT {{ is_allowed("in_on_failure") }} THEN
      {{ raise("queue_not_allowed", "on_failure " ~ not_allowed) }};
    END IF;
  END IF;

  IF v_first THEN
    CALL {{ p }}find_queue(in_namespace, in_on_failure, v_queue_id, v_paused);
  END IF;
  CALL {{ p }}find_queue(in_namespace, in_queue, out_queue_id, out_paused);
  IF NOT v_first THEN
    CALL {{ p }}find_queue(in_namespace, in_on_failure, v_queue_id, v_paused);
  END IF;
END
