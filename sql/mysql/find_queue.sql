CREATE PROCEDURE {{ p }}find_queue (
  IN in_namespace VARCHAR({{ limit.namespace }}) {{ string }},
  IN in_queue VARCHAR({{ limit.queue }}) {{ string }},
  OUT out_queue_id INT,
  OUT out_paused TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: a queue's number, registered where it is new, and whether it is paused.

  The plain read may miss a queue that was registered after the caller's snapshot; the INSERT then changes it, and
  so makes it visible. The number is what a read by name says, not LAST_INSERT_ID().
  */
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();
  DECLARE v_tries INT DEFAULT 0;

  find: LOOP
    SELECT queue_id, paused_at IS NOT NULL
    INTO out_queue_id, out_paused
    FROM {{ p }}queue
    WHERE namespace = in_namespace AND queue = in_queue;
    IF out_queue_id > 0 OR v_tries > 1 THEN
      LEAVE find;
    END IF;
    SET v_tries = v_tries + 1;

    IF out_queue_id IS NULL THEN
      CALL {{ p }}check_session();
    ELSE
      -- The session has insert_id = 0, which MySQL cannot tell from none and which holds for one INSERT.
      DELETE FROM {{ p }}queue
      WHERE queue_id = 0;
    END IF;
    INSERT INTO {{ p }}queue (namespace, queue)
    VALUES (in_namespace, in_queue)
    ON DUPLICATE KEY UPDATE touched = touched + 1;
  END LOOP;
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id);
END
