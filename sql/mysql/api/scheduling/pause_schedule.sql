CREATE PROCEDURE {{ p }}pause_schedule (
  IN in_schedule {{ text }},
  IN in_namespace {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Pauses a schedule: it makes no task until it is resumed, and the ticks until then do not count as missed. The tasks
  that it has made stay. A paused schedule stays as it is.

  Parameters
    in_schedule   its name, 1 to {{ limit.schedule }} characters
    in_namespace  1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
  Errors
    invalid_argument, schedule_not_found
  Transaction
    Joins the caller's.
  */
  CALL {{ p }}lock_schedule(in_schedule, in_namespace);
  UPDATE {{ unrefused }} {{ p }}schedule
  SET
    revision = revision + (paused_at IS NULL) /* R22 */,
    paused_at = COALESCE(paused_at, {{ now }}),
    due_at = {{ end_of_time }}
  WHERE namespace = COALESCE(in_namespace, '{{ default.namespace }}') AND schedule = in_schedule;
END
