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
  Internal: a queue's number, registered if it is new or was removed, and whether it is paused.

  The plain read may miss a queue that was registered after the caller's snapshot; the INSERT then meets it. Its
  number is read in the entry of its name: the row itself cannot be read under MariaDB's innodb_snapshot_isolation.
  If it has been removed since, purge_tasks registers it again.
  LAST_INSERT_ID() would say what a setting of the session's has chosen.
  */
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();
  DECLARE v_tries INT DEFAULT 0;
  DECLARE v_removed TINYINT DEFAULT FALSE;

  IF {{ reads_dirty }} THEN
    -- Waits until it is known whether the queue stays registered; else its tasks may belong to none.
    SELECT queue_id
    INTO out_queue_id
    FROM {{ p }}queue /* R7 */
    WHERE namespace = in_namespace AND queue = in_queue
    LOCK IN SHARE MODE /* R20 */;
    SET out_queue_id = NULL;
  END IF;
  SELECT queue_id, paused_at IS NOT NULL, removed_at IS NOT NULL
  INTO out_queue_id, out_paused, v_removed
  FROM {{ p }}queue
  WHERE namespace = in_namespace AND queue = in_queue;

  IF v_removed THEN
    -- Changed in any case, so that the count says whether the row is still there.
    UPDATE {{ unrefused }} {{ p }}queue
    SET removed_at = NULL, touched = touched + 1
    WHERE queue_id = out_queue_id;
    IF ROW_COUNT() = 0 THEN
      SET out_queue_id = NULL;
    END IF;
  END IF;
  IF out_queue_id IS NULL THEN
    IF NOT {{ is_allowed("in_queue") }} THEN
      {{ raise("queue_not_allowed", "in_queue " ~ not_allowed) }};
    END IF;
    CALL {{ p }}check_room(1);
  END IF;

  register: LOOP
    IF out_queue_id > 0 OR v_tries > 1 THEN
      LEAVE register;
    END IF;
    SET v_tries = v_tries + 1;
    SET out_paused = FALSE;
    CALL {{ p }}check_session();
    -- The session has insert_id = 0, which MySQL cannot tell from none and which holds for one INSERT.
    IF out_queue_id = 0 THEN
      DELETE {{ unrefused }} FROM {{ p }}queue
      WHERE queue_id = 0;
    END IF;
    BEGIN
      DECLARE EXIT HANDLER FOR 1062
      BEGIN
        SELECT queue_id
        INTO out_queue_id
        FROM {{ p }}queue /* R7 */
        WHERE namespace = in_namespace AND queue = in_queue
        LOCK IN SHARE MODE /* R16 */;
        IF out_queue_id IS NULL THEN
          RESIGNAL;
        END IF;
      END;
      {{ checked }} INSERT INTO {{ p }}queue (namespace, queue, direct)
      VALUES (in_namespace, in_queue, {{ default_direct }});
      SELECT queue_id
      INTO out_queue_id
      FROM {{ p }}queue
      WHERE namespace = in_namespace AND queue = in_queue;
    END;
  END LOOP;
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id) /* R21 */;
END
