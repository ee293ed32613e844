PROCEDURE find_received (
  in_task_id IN NUMBER,
  in_queue IN VARCHAR2,
  out_payload OUT NOCOPY CLOB
)
/*
Internal: the payload of a task, if it belongs to a queue of this name; raises wrong_queue if not. Neither changes
once the task is created.
*/
IS
  v_queue VARCHAR2({{ limit.queue }} CHAR);
BEGIN
  SELECT queue.queue, task.payload
  INTO v_queue, out_payload
  FROM {{ p }}task task
  JOIN {{ p }}queue queue ON queue.queue_id = task.queue_id
  WHERE task.task_id = in_task_id;

  IF NOT ({{ same("v_queue", "in_queue") }}) THEN
    {{ raise("wrong_queue", "the task does not belong to in_queue") }};
  END IF;
EXCEPTION
  WHEN NO_DATA_FOUND THEN
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
END find_received;
