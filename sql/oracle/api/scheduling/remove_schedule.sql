PROCEDURE remove_schedule (
  in_schedule IN VARCHAR2,
  in_namespace IN VARCHAR2 DEFAULT NULL
)
/*
Removes a schedule. The tasks that it has made stay.

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
  {{ enter("remove_schedule") }};
  lock_schedule(in_schedule, in_namespace);
  DELETE FROM {{ p }}schedule
  WHERE {{ same("namespace", "v_namespace") }} AND {{ same("schedule", "in_schedule") }};
END remove_schedule;
