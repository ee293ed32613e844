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
    invalid_argument
  Transaction
    Joins the caller's.
  */
  CALL {{ p }}check_queue(in_queue, in_namespace);
  INSERT INTO {{ p }}queue (namespace, queue, paused_at)
  VALUES (COALESCE(in_namespace, '{{ default.namespace }}'), in_queue, {{ now }})
  ON DUPLICATE KEY UPDATE paused_at = COALESCE(paused_at, {{ now }});
END
