PROCEDURE create_tasks (
  in_tasks IN CLOB,
  out_rows OUT SYS_REFCURSOR
)
/*
Creates many tasks of both kinds in one statement: all of them, or none if one is refused.

Parameters
  in_tasks      a JSON array of at most {{ limit.rows }} objects, {{ limit.new_tasks }} bytes together, with the keys
                name, payload, interval, queue as for create_task,
                delay as for delay_task (a task without it is real-time),
                and the options of create_task.
                The payload is an object, or a string that holds one: a string keeps its text,
                and so its numbers to the last digit.
Result
  one row for each element, in the order of the input: task_id, created, pushable
Errors
  invalid_argument, unknown_option, invalid_payload, payload_too_large, reserved_key,
  queue_not_allowed, too_many_queues
  (the text names the first bad element, counted from 1)
Transaction
  Joins the caller's.
*/
IS
  v_tasks created_tasks;
  v_rows {{ returned_rows }} := {{ returned_rows }}();
BEGIN
  {{ enter("create_tasks") }};
  add_tasks(in_tasks, NULL, v_tasks);
  FOR i IN 1 .. v_tasks.COUNT LOOP
    v_rows.EXTEND;
    v_rows(i) := '[' || i || ',' || v_tasks(i).task_id || ',' || v_tasks(i).created || ',' || v_tasks(i).pushable || ']';
  END LOOP;

  OPEN out_rows FOR
    SELECT task_id, created, pushable
    FROM TABLE(v_rows) given, JSON_TABLE(given.COLUMN_VALUE, '$' COLUMNS (
      element NUMBER PATH '$[0]',
      task_id NUMBER PATH '$[1]',
      created NUMBER PATH '$[2]',
      pushable NUMBER PATH '$[3]'
    ))
    ORDER BY element;
END create_tasks;
