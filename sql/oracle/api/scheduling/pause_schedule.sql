PROCEDURE pause_schedule (
  in_schedule IN VARCHAR2,
  in_namespace IN VARCHAR2 DEFAULT NULL
)
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
IS
  v_namespace VARCHAR2(32767) := COALESCE(in_namespace, '{{ default.namespace }}');
BEGIN
  {{ enter("pause_schedule") }};
  lock_schedule(in_schedule, in_namespace);
  UPDATE {{ p }}schedule
  SET
    revision = CASE WHEN paused_at IS NULL THEN revision + 1 ELSE revision END,
    paused_at = COALESCE(paused_at, {{ now }}),
    due_at = {{ end_of_time }}
  WHERE {{ same("namespace", "v_namespace") }} AND {{ same("schedule", "in_schedule") }};
END pause_schedule;
