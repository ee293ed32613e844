CREATE PROCEDURE {{ p }}keep_used ()
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: registers removed queues again that have an active task: it was retried, or created by a transaction
  whose snapshot does not show that they were removed.
  */
  DECLARE v_ids {{ text }};

  {{ settled }} SELECT JSON_ARRAYAGG(queue_id)
  INTO v_ids
  FROM {{ p }}queue AS queue
  WHERE removed_at IS NOT NULL
    AND {{ has_active("queue.queue_id") }};

  IF v_ids IS NOT NULL THEN
    {{ settled }} UPDATE JSON_TABLE(v_ids, '$[*]' COLUMNS (queue_id INT PATH '$')) AS given
    STRAIGHT_JOIN {{ p }}queue AS queue FORCE INDEX (PRIMARY) /* R3 */ ON queue.queue_id = given.queue_id
    SET queue.removed_at = NULL;
  END IF;
END
