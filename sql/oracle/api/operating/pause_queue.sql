PROCEDURE pause_queue (
  in_queue IN VARCHAR2,
  in_namespace IN VARCHAR2 DEFAULT NULL
)
/*
Pauses a queue: no relay claims its tasks until it is resumed, and they still expire. Messages that are
in Redis already stay there. A queue may be paused before its first task is created.

Parameters
  in_queue      name of the queue, 1 to {{ limit.queue }} characters
  in_namespace  1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
Errors
  invalid_argument, queue_not_allowed, too_many_queues
Transaction
  Joins the caller's.
*/
IS
  v_queue_id NUMBER;
  v_paused NUMBER;
BEGIN
  {{ enter("pause_queue") }};
  check_queue(in_queue, in_namespace);
  find_queue(COALESCE(in_namespace, '{{ default.namespace }}'), in_queue, v_queue_id, v_paused);
  UPDATE {{ p }}queue
  SET paused_at = COALESCE(paused_at, {{ now }})
  WHERE queue_id = v_queue_id;
END pause_queue;
