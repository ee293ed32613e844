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
{%- for column in [
    "name", "payload", "delay", "interval_seconds", "queue",
    "namespace", "order_no", "deadline", "delete_deadline", "max_count", "on_failure"
] %}
  IF TO_NUMBER(SUBSTR(out_task.keys, {{ loop.index }}, 1)) = 0 THEN
    out_task.{{ column }} := in_common.{{ column }};
  END IF;
{%- endfor %}
END fill_common;
