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

  The plain read may miss a queue that was registered after the caller's snapshot; the INSERT then meets it. Its
  number is read in the entry of its name: the row itself cannot be read under MariaDB's innodb_snapshot_isolation.
  LAST_INSERT_ID() would say what a setting of the session's has chosen.
  */
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();
  DECLARE v_tries INT DEFAULT 0;

  SELECT queue_id, paused_at IS NOT NULL
  INTO out_queue_id, out_paused
  FROM {{ p }}queue
  WHERE namespace = in_namespace AND queue = in_queue;

  register: LOOP
    IF out_queue_id > 0 OR v_tries > 1 THEN
      LEAVE register;
    END IF;
    SET v_tries = v_tries + 1;
    SET out_paused = FALSE;
    CALL {{ p }}check_session();
    -- The session has insert_id = 0, which MySQL cannot tell from none and which holds for one INSERT.
    IF out_queue_id = 0 THEN
      DELETE FROM {{ p }}queue
      WHERE queue_id = 0;
    END IF;
    BEGIN
      DECLARE EXIT HANDLER FOR 1062
      BEGIN
        SELECT queue_id
        INTO out_queue_id
        FROM {{ p }}queue FORCE INDEX (name)
        WHERE namespace = in_namespace AND queue = in_queue
        LOCK IN SHARE MODE;
        IF out_queue_id IS NULL THEN
          RESIGNAL;
        END IF;
      END;
      INSERT INTO {{ p }}queue (namespace, queue)
      VALUES (in_namespace, in_queue);
      SELECT queue_id
      INTO out_queue_id
      FROM {{ p }}queue
      WHERE namespace = in_namespace AND queue = in_queue;
    END;
  END LOOP;
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id);
END
