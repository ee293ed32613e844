CREATE PROCEDURE {{ p }}create_task_ranges (
  IN in_tasks {{ text }},
  IN in_common {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  CALL {{ p }}add_tasks(in_tasks, in_common, TRUE);
END
