PROCEDURE find_task_queues (
  in_namespace IN VARCHAR2,
  in_queue IN VARCHAR2,
  in_on_failure IN VARCHAR2,
  out_queue_id OUT NUMBER,
  out_paused OUT NUMBER
)
/*
Internal: the queue of a new task, as find_queue tells of it. It and that of on_failure are registered in the order of
their names, so that no two creators wait for each other.
*/
IS
  v_registered NUMBER;
  v_first NUMBER;
  v_queue_id NUMBER;
  v_paused NUMBER;
BEGIN
  IF in_on_failure IS NOT NULL THEN
    SELECT COUNT(*), CASE WHEN {{ binary("in_on_failure") }} < {{ binary("in_queue") }} THEN 1 ELSE 0 END
    INTO v_registered, v_first
    FROM {{ p }}queue
    WHERE {{ same("namespace", "in_namespace") }} AND {{ same("queue", "in_on_failure") }};
    IF v_registered = 0 AND NOT ({{ is_allowed("in_on_failure") }}) THEN
      {{ raise("queue_not_allowed", "in_on_failure " ~ not_allowed) }};
    END IF;
  END IF;

  IF v_first = 1 THEN
    find_queue(in_namespace, in_on_failure, v_queue_id, v_paused);
  END IF;
  find_queue(in_namespace, in_queue, out_queue_id, out_paused);
  IF v_first = 0 THEN
    find_queue(in_namespace, in_on_failure, v_queue_id, v_paused);
  END IF;
END find_task_queues;
