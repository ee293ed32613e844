CREATE PROCEDURE {{ p }}remove_schedule (
  IN in_schedule {{ text }},
  IN in_namespace {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  CALL {{ p }}lock_schedule(in_schedule, in_namespace);
  DELETE {{ unrefused }} FROM {{ p }}schedule
  WHERE namespace = COALESCE(in_namespace, '{{ default.namespace }}') AND schedule = in_schedule;
END
