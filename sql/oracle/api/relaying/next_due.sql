PROCEDURE next_due (
  in_namespace IN VARCHAR2 DEFAULT NULL,
  in_held IN CLOB DEFAULT NULL,
  out_wait_ms OUT NUMBER
)
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
IS
  v_namespace VARCHAR2(32767) := {{ cut("in_namespace", limit.namespace) }};
BEGIN
  {{ enter("next_due") }};
  check_held(in_held);
  find_next_due(NULL, v_namespace, COALESCE(in_held, TO_CLOB('[]')), out_wait_ms);
END next_due;
