PROCEDURE fill_common (
  in_common IN new_task,
  out_task IN OUT NOCOPY new_task
)
/*
Internal: gives an element of create_task_ranges the keys that it does not have itself, as add_tasks tells of each.
*/
IS
BEGIN
  out_task.unknown_key := COALESCE(out_task.unknown_key, in_common.unknown_key);
  IF TO_NUMBER(SUBSTR(out_task.keys, 1, 1)) = 0 THEN
    out_task.name := in_common.name;
  END IF;
  IF TO_NUMBER(SUBSTR(out_task.keys, 2, 1)) = 0 THEN
    out_task.payload := in_common.payload;
  END IF;
  IF TO_NUMBER(SUBSTR(out_task.keys, 3, 1)) = 0 THEN
    out_task.delay := in_common.delay;
  END IF;
  IF TO_NUMBER(SUBSTR(out_task.keys, 4, 1)) = 0 THEN
    out_task.interval_seconds := in_common.interval_seconds;
  END IF;
  IF TO_NUMBER(SUBSTR(out_task.keys, 5, 1)) = 0 THEN
    out_task.queue := in_common.queue;
  END IF;
  IF TO_NUMBER(SUBSTR(out_task.keys, 6, 1)) = 0 THEN
    out_task.namespace := in_common.namespace;
  END IF;
  IF TO_NUMBER(SUBSTR(out_task.keys, 7, 1)) = 0 THEN
    out_task.order_no := in_common.order_no;
  END IF;
  IF TO_NUMBER(SUBSTR(out_task.keys, 8, 1)) = 0 THEN
    out_task.deadline := in_common.deadline;
  END IF;
  IF TO_NUMBER(SUBSTR(out_task.keys, 9, 1)) = 0 THEN
    out_task.delete_deadline := in_common.delete_deadline;
  END IF;
  IF TO_NUMBER(SUBSTR(out_task.keys, 10, 1)) = 0 THEN
    out_task.max_count := in_common.max_count;
  END IF;
END fill_common;
