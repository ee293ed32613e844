PROCEDURE add_task (
  in_name IN VARCHAR2,
  in_payload IN CLOB,
  in_delay IN NUMBER,
  in_interval IN NUMBER,
  in_queue IN VARCHAR2,
  in_namespace IN VARCHAR2,
  in_order_no IN VARCHAR2,
  in_deadline IN NUMBER,
  in_delete_deadline IN NUMBER,
  in_max_count IN NUMBER,
  in_on_failure IN VARCHAR2,
  out_task_id OUT NUMBER,
  out_created OUT NUMBER,
  out_pushable OUT NUMBER
)
/*
Internal: checks and stores one task, real-time if in_delay is NULL.
*/
IS
  v_queue_id NUMBER;
  v_paused NUMBER;
  v_direct NUMBER;
BEGIN
  check_task('in_', in_name, in_payload, in_interval, in_queue);
  check_options('in_', in_namespace, in_order_no, in_deadline, in_delete_deadline, in_max_count, in_on_failure);
  find_task_queues(COALESCE(in_namespace, '{{ default.namespace }}'), in_queue, in_on_failure, v_queue_id, v_paused);
  SELECT direct
  INTO v_direct
  FROM {{ p }}queue
  WHERE queue_id = v_queue_id;
  store_task(
    in_name, in_payload, in_delay, in_interval, v_queue_id, v_direct,
    in_order_no, in_deadline, in_delete_deadline, in_max_count, in_on_failure,
    out_task_id, out_created
  );
  out_pushable := CASE WHEN out_created = 1 AND in_delay IS NULL AND v_paused = 0 AND v_direct = 0 THEN 1 ELSE 0 END;
END add_task;
