PROCEDURE receive_task (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER DEFAULT NULL,
  in_queue IN VARCHAR2,
  out_attempt OUT NUMBER,
  out_payload OUT CLOB
)
/*
Starts a task for the consumer of its queue, as start_task does, and returns its payload: a message can
be anybody's who may push it, the row is its creator's.

Parameters
  in_task_id    the task
  in_attempt    the attempt that the message announced; NULL starts the next one, whichever it is
  in_queue      the queue that the message was taken from; in whichever namespace
Result
  out_attempt   the attempt that was started; pass it to finish_task, fail_task and extend_task
  out_payload   the payload as its creator gave it
Errors
  invalid_argument, task_not_found, task_not_active,
  stale_attempt (another consumer has started the announced attempt),
  attempts_exhausted, deadline_passed,
  wrong_queue (the task belongs to another queue; nothing was changed)
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_lapses NUMBER;
  v_point BOOLEAN := TRUE;
BEGIN
  {{ enter("receive_task") }};
  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;
  check_queue(in_queue, NULL);

  find_received(in_task_id, in_queue, out_payload);
  {{ start_one("receive_task") }}
END receive_task;
