PROCEDURE find_queue (
  in_namespace IN VARCHAR2,
  in_queue IN VARCHAR2,
  out_queue_id OUT NUMBER,
  out_paused OUT NUMBER
)
/*
Internal: a queue's number, registered if it is new or was removed, and whether it is paused.
*/
IS
  v_removed NUMBER;
BEGIN
  SELECT queue_id, CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END
  INTO out_queue_id, out_paused
  FROM {{ p }}queue
  WHERE {{ same("namespace", "in_namespace") }} AND {{ same("queue", "in_queue") }} AND removed_at IS NULL;
EXCEPTION
  WHEN NO_DATA_FOUND THEN
    SELECT COUNT(*)
    INTO v_removed
    FROM {{ p }}queue
    WHERE {{ same("namespace", "in_namespace") }} AND {{ same("queue", "in_queue") }};
    IF v_removed = 0 THEN
      IF NOT ({{ is_allowed("in_queue") }}) THEN
        {{ raise("queue_not_allowed", "in_queue " ~ not_allowed) }};
      END IF;
      check_room(1);
    END IF;
    register_queue(in_namespace, in_queue, out_queue_id, out_paused);
END find_queue;
