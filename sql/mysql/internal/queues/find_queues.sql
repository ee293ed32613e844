CREATE PROCEDURE {{ p }}find_queues (
  IN in_tasks JSON
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: registers the queues of create_tasks, those of on_failure, too, that are new or were removed, in the order of
  their names. The plain read may miss one that was registered after the caller's snapshot; the INSERT then changes it, and
  so makes it visible.
  Without a cursor, which would leave a flag in the call's result on which some drivers' prepared statements fail.
  */
  DECLARE v_new {{ text }};
  DECLARE v_more INT;
  DECLARE v_tries INT DEFAULT 0;

  CALL {{ p }}check_session();
  find: LOOP
    {{ settled }} SELECT JSON_ARRAYAGG(JSON_OBJECT('namespace', namespace, 'queue', queue)), SUM(removed_at IS NULL)
    INTO v_new, v_more
    FROM (
      SELECT given.namespace, given.queue, registered.removed_at
      FROM {{ named_queues("in_tasks") }} AS given
      LEFT JOIN {{ p }}queue AS registered
        ON registered.namespace = given.namespace
        AND registered.queue = given.queue
      WHERE registered.queue_id IS NULL OR registered.queue_id = 0 OR registered.removed_at IS NOT NULL
    ) AS missing;
    IF v_new IS NULL OR v_tries > 1 THEN
      LEAVE find;
    END IF;

    IF v_tries > 0 THEN
      -- The session has insert_id = 0, which MySQL cannot tell from none and which holds for one INSERT.
      DELETE {{ unrefused }} FROM {{ p }}queue
      WHERE queue_id = 0;
    END IF;
    SET v_tries = v_tries + 1;
    CALL {{ p }}check_room(v_more);
    {{ checked }} INSERT INTO {{ p }}queue (namespace, queue, direct)
    SELECT namespace, queue, {{ default_direct }}
    FROM JSON_TABLE(v_new, '$[*]' COLUMNS (
      namespace VARCHAR({{ limit.namespace }}) {{ string }} PATH '$.namespace',
      queue VARCHAR({{ limit.queue }}) {{ string }} PATH '$.queue'
    )) AS missing
    ORDER BY namespace, queue
    ON DUPLICATE KEY UPDATE /* R16 */ touched = touched + 1, removed_at = NULL;
  END LOOP;
END
