CREATE PROCEDURE {{ p }}resume_schedule (
  IN in_schedule {{ text }},
  IN in_namespace {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  CALL {{ p }}lock_schedule(in_schedule, in_namespace);
  UPDATE {{ unrefused }} {{ p }}schedule
  SET
    revision = revision + 1,
    paused_at = NULL,
    since_at = {{ now }},
    next_at = {{ this_second }} + INTERVAL COALESCE(every_seconds, 0) SECOND,
    due_at = next_at /* R22 */
  WHERE namespace = COALESCE(in_namespace, '{{ default.namespace }}') AND schedule = in_schedule
    AND paused_at IS NOT NULL;
END
