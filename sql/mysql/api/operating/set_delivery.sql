CREATE PROCEDURE {{ p }}set_delivery (
  IN in_queue {{ text }},
  IN in_delivery {{ text }},
  IN in_namespace {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Chooses how the tasks of a queue reach their consumers: by messages in Redis, or directly, by take_tasks. Also while
  the queue is in use: a message that is in Redis already stays valid for the attempt that it announces, and each task
  that nobody starts comes by the other way when its interval has passed. The queue may have no task yet.

  Parameters
    in_queue      name of the queue, 1 to {{ limit.queue }} characters
    in_delivery   redis or direct
    in_namespace  1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
  Errors
    invalid_argument, queue_not_allowed, too_many_queues
  Transaction
    Joins the caller's.
  */
  DECLARE v_queue_id INT;
  DECLARE v_paused TINYINT;

  CALL {{ p }}check_queue(in_queue, in_namespace);
  IF COALESCE(CAST(in_delivery AS BINARY) NOT IN ('redis', 'direct'), TRUE) THEN
    {{ raise("invalid_argument", "in_delivery must be redis or direct") }};
  END IF;
  CALL {{ p }}find_queue(COALESCE(in_namespace, '{{ default.namespace }}'), in_queue, v_queue_id, v_paused);
  -- R8: by its number, since creations read, and so lock, the entry of its name.
  UPDATE {{ unrefused }} {{ p }}queue
  SET direct = in_delivery = 'direct'
  WHERE queue_id = v_queue_id;
END
