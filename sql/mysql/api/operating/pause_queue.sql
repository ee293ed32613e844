CREATE PROCEDURE {{ p }}pause_queue (
  IN in_queue {{ text }},
  IN in_namespace {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_queue_id INT;
  DECLARE v_paused TINYINT;

  CALL {{ p }}check_queue(in_queue, in_namespace);
  CALL {{ p }}find_queue(COALESCE(in_namespace, '{{ default.namespace }}'), in_queue, v_queue_id, v_paused);
  -- R8: by its number, since creations read, and so lock, the entry of its name.
  UPDATE {{ unrefused }} {{ p }}queue
  SET paused_at = COALESCE(paused_at, {{ now }})
  WHERE queue_id = v_queue_id;
END
