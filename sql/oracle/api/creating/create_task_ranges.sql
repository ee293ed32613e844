PROCEDURE create_task_ranges (
  in_tasks IN CLOB,
  in_common IN CLOB,
  out_rows OUT SYS_REFCURSOR
)
/*
Creates many tasks as create_tasks does, and returns a row for each range of them instead of one for each task.

Parameters
  in_tasks      a JSON array as that of create_tasks
  in_common     a JSON object of at most {{ limit.common }} bytes, or NULL: keys that all elements have.
                An element's own key comes first, and null takes one away. If the elements have
                payload and order_no alone and all else is here, the call takes least time
Result
  one row for each range, in the order of the input: task_id, step, tasks, created, pushable.
  A range is so many (tasks) elements in a row, the first with this task_id, each next one with that of the one
  before plus step; created and pushable are those of create_task and hold for them all
Errors
  invalid_argument, unknown_option, invalid_payload, payload_too_large, reserved_key,
  queue_not_allowed, too_many_queues
  (the text names the first bad element, counted from 1)
Transaction
  Joins the caller's.
*/
IS
  v_tasks created_tasks;
  v_count PLS_INTEGER := 0;
  v_rows {{ returned_rows }} := {{ returned_rows }}();
BEGIN
  {{ enter("create_task_ranges") }};
  add_tasks(in_tasks, in_common, v_tasks);
  FOR i IN 1 .. v_tasks.COUNT LOOP
    v_count := v_count + 1;
    IF i = v_tasks.COUNT
      OR v_tasks(i + 1).task_id <> v_tasks(i).task_id + 1
      OR v_tasks(i + 1).created <> v_tasks(i).created
      OR v_tasks(i + 1).pushable <> v_tasks(i).pushable THEN
      v_rows.EXTEND;
      v_rows(v_rows.COUNT) := '[' || i || ',' || v_tasks(i - v_count + 1).task_id || ',' || v_count || ','
        || v_tasks(i).created || ',' || v_tasks(i).pushable || ']';
      v_count := 0;
    END IF;
  END LOOP;

  OPEN out_rows FOR
    SELECT task_id, 1 AS step, tasks, created, pushable
    FROM TABLE(v_rows) given, JSON_TABLE(given.COLUMN_VALUE, '$' COLUMNS (
      element NUMBER PATH '$[0]',
      task_id NUMBER PATH '$[1]',
      tasks NUMBER PATH '$[2]',
      created NUMBER PATH '$[3]',
      pushable NUMBER PATH '$[4]'
    ))
    ORDER BY element;
END create_task_ranges;
