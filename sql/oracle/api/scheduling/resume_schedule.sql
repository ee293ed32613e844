PROCEDURE resume_schedule (
  in_schedule IN VARCHAR2,
  in_namespace IN VARCHAR2 DEFAULT NULL
)
/*
Resumes a paused schedule: it counts from now. A schedule that is not paused stays as it is.

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
  v_now {{ instant }} := {{ now }};
BEGIN
  {{ enter("resume_schedule") }};
  lock_schedule(in_schedule, in_namespace);
  UPDATE {{ p }}schedule
  SET
    revision = revision + 1,
    paused_at = NULL,
    since_at = v_now,
    next_at = {{ second_of("v_now") }} + {{ seconds("COALESCE(every_seconds, 0)") }},
    due_at = {{ second_of("v_now") }} + {{ seconds("COALESCE(every_seconds, 0)") }}
  WHERE {{ same("namespace", "v_namespace") }} AND {{ same("schedule", "in_schedule") }}
    AND paused_at IS NOT NULL;
END resume_schedule;
