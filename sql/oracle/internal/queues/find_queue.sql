PROCEDURE find_queue (
  in_namespace IN VARCHAR2,
  in_queue IN VARCHAR2,
  in_label IN VARCHAR2,
  out_room IN OUT NUMBER,
  out_queue_id OUT NUMBER,
  out_paused OUT NUMBER
)
/*
Internal: a queue's number, registered if it is new or was removed, and whether it is paused. in_label begins
the errors' texts; out_room is as for check_room.
*/
IS
  v_namespace VARCHAR2({{ limit.namespace }} CHAR) := COALESCE(in_namespace, '{{ default.namespace }}');
BEGIN
  BEGIN
    SELECT queue_id, CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END
    INTO out_queue_id, out_paused
    FROM {{ p }}queue
    WHERE {{ same("namespace", "v_namespace") }} AND {{ same("queue", "in_queue") }} AND removed_at IS NULL;
  EXCEPTION
    WHEN NO_DATA_FOUND THEN
      BEGIN
        out_paused := 0;
        UPDATE {{ p }}queue
        SET removed_at = NULL
        WHERE {{ same("namespace", "v_namespace") }} AND {{ same("queue", "in_queue") }}
        RETURNING queue_id INTO out_queue_id;
        IF SQL%ROWCOUNT = 0 THEN
          IF NOT ({{ is_allowed("in_queue") }}) THEN
            {{ raise("queue_not_allowed", not_allowed, "in_label || ") }};
          END IF;
          check_room(out_room);
          INSERT INTO {{ p }}queue (queue_id, namespace, queue)
          VALUES ({{ p }}queue_seq.NEXTVAL, v_namespace, in_queue)
          RETURNING queue_id INTO out_queue_id;
        END IF;
      EXCEPTION
        WHEN DUP_VAL_ON_INDEX THEN
          SELECT queue_id, CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END
          INTO out_queue_id, out_paused
          FROM {{ p }}queue
          WHERE {{ same("namespace", "v_namespace") }} AND {{ same("queue", "in_queue") }};
      END;
  END;
END find_queue;
