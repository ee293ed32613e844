CREATE PROCEDURE {{ p }}pause_queue (
  IN in_queue {{ text }},
  IN in_namespace {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Pauses a queue: its tasks are handed out no more until it is resumed, and still expire. Messages that are
  in Redis already stay there. A queue may be paused before its first task is created.

  Parameters
    in_queue      name of the queue, 1 to {{ limit.queue }} characters
    in_namespace  1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
  Errors
    invalid_argument, queue_not_allowed, too_many_queues
  Transaction
    Joins the caller's.
  */
  DECLARE v_queue_id INT;
  DECLARE v_paused TINYINT;

  CALL {{ p }}check_queue(in_queue, in_namespace);
  CALL {{ p }}find_queue(COALESCE(in_namespace, '{{ default.namespace }}'), in_queue, v_queue_id, v_paused);
  -- R8: by its number, as the entry of its name is read, and so locked, where tasks are created.
  UPDATE {{ unrefused }} {{ p }}queue
  SET paused_at = COALESCE(paused_at, {{ now }})
  WHERE queue_id = v_queue_id;
END
