PROCEDURE find_queues (
  in_tasks IN CLOB
)
/*
Internal: registers the queues of create_tasks that are new or were removed, in the order of their names.
*/
IS
  v_missing missing_queues;
  v_more NUMBER := 0;
  v_queue_id NUMBER;
  v_paused NUMBER;
  CURSOR c_missing IS
    SELECT namespace, queue, is_new
    FROM (
      SELECT DISTINCT
        given.namespace, {{ binary("given.namespace") }} AS namespace_bytes,
        given.queue, {{ binary("given.queue") }} AS queue_bytes,
        CASE WHEN registered.queue_id IS NULL THEN 1 ELSE 0 END AS is_new
      FROM (
        SELECT COALESCE(namespace, '{{ default.namespace }}') AS namespace, queue
        FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
          namespace VARCHAR2({{ limit.namespace }} CHAR) PATH '$.namespace',
          queue VARCHAR2({{ limit.queue }} CHAR) PATH '$.queue'
        ))
      ) given
      LEFT JOIN {{ p }}queue registered
        ON {{ same("registered.namespace", "given.namespace") }} AND {{ same("registered.queue", "given.queue") }}
      WHERE registered.queue_id IS NULL OR registered.removed_at IS NOT NULL
    ) missing
    ORDER BY namespace_bytes, queue_bytes;
BEGIN
  OPEN c_missing;
  FETCH c_missing BULK COLLECT INTO v_missing;
  CLOSE c_missing;
  FOR i IN 1 .. v_missing.COUNT LOOP
    v_more := v_more + v_missing(i).is_new;
  END LOOP;
  check_room(v_more);
  FOR i IN 1 .. v_missing.COUNT LOOP
    register_queue(v_missing(i).namespace, v_missing(i).queue, v_queue_id, v_paused);
  END LOOP;
END find_queues;
