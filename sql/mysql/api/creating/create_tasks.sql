CREATE PROCEDURE {{ p }}create_tasks (
  IN in_tasks {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  CALL {{ p }}add_tasks(in_tasks, NULL, FALSE);
END
