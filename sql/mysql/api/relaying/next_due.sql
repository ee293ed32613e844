CREATE PROCEDURE {{ p }}next_due (
  IN in_namespace {{ text }},
  IN in_held {{ text }},
  OUT out_wait_ms BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Tells cheaply how long a relay may sleep before it scans again.

  Parameters
    in_namespace  as for scan_tasks
    in_held       as for scan_tasks
  Result
    out_wait_ms   milliseconds until the next task is due; 0: one is due now; NULL: none is active
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  {{ check_held }};
  CALL {{ p }}find_next_due(NULL, in_namespace, COALESCE(in_held, '[]'), out_wait_ms);
  SELECT out_wait_ms AS wait_ms;
END
