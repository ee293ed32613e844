PROCEDURE resume_queue (
  in_queue IN VARCHAR2,
  in_namespace IN VARCHAR2 DEFAULT NULL
)
/*
Resumes a paused queue: the next scans claim its tasks. A queue that is not paused stays as it is.

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
  {{ enter("resume_queue") }};
  check_queue(in_queue, in_namespace);
  find_queue(COALESCE(in_namespace, '{{ default.namespace }}'), in_queue, v_queue_id, v_paused);
  UPDATE {{ p }}queue
  SET paused_at = NULL
  WHERE queue_id = v_queue_id;
END resume_queue;
