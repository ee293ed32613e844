PROCEDURE register_queue (
  in_namespace IN VARCHAR2,
  in_queue IN VARCHAR2,
  out_queue_id OUT NUMBER,
  out_paused OUT NUMBER
)
/*
Internal: registers a queue that is new or was removed, or finds it if somebody else has registered it meanwhile.
*/
IS
BEGIN
  out_paused := 0;
  UPDATE {{ p }}queue
  SET removed_at = NULL
  WHERE {{ same("namespace", "in_namespace") }} AND {{ same("queue", "in_queue") }}
  RETURNING queue_id INTO out_queue_id;
  IF SQL%ROWCOUNT = 0 THEN
    INSERT INTO {{ p }}queue (queue_id, namespace, queue, direct)
    VALUES ({{ p }}queue_seq.NEXTVAL, in_namespace, in_queue, {{ default_direct }})
    RETURNING queue_id INTO out_queue_id;
  END IF;
EXCEPTION
  WHEN DUP_VAL_ON_INDEX THEN
    SELECT queue_id, CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END
    INTO out_queue_id, out_paused
    FROM {{ p }}queue
    WHERE {{ same("namespace", "in_namespace") }} AND {{ same("queue", "in_queue") }};
END register_queue;
