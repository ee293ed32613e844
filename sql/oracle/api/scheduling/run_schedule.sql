PROCEDURE run_schedule (
  in_schedule IN VARCHAR2,
  in_namespace IN VARCHAR2 DEFAULT NULL,
  out_task_id OUT NUMBER
)
/*
Makes a task of a schedule now, also while it is paused or its last task is active. The schedule does not move: its
next tick comes when it would have come.

Parameters
  in_schedule   its name, 1 to {{ limit.schedule }} characters
  in_namespace  1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
Result
  out_task_id   the task; its tick is the present second
Errors
  invalid_argument, schedule_not_found, payload_too_large (a smaller limit was installed since),
  queue_not_allowed, too_many_queues
Transaction
  Joins the caller's.
*/
IS
  v_namespace VARCHAR2(32767) := COALESCE(in_namespace, '{{ default.namespace }}');
  v_now {{ instant }} := {{ now }};
  v_point BOOLEAN := TRUE;
BEGIN
  {{ enter("run_schedule") }};
  lock_schedule(in_schedule, in_namespace);
  {{ set_point("run_schedule") }};
  BEGIN
    create_tick(v_namespace, in_schedule, {{ second_of("v_now") }}, 1, out_task_id);
  EXCEPTION
    WHEN OTHERS THEN
      {{ go_back("run_schedule") }};
  END;
END run_schedule;
