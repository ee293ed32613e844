PROCEDURE look_up_queue (
  in_namespace IN VARCHAR2,
  in_queue IN VARCHAR2,
  out_queue_id OUT NUMBER,
  out_paused OUT NUMBER,
  out_direct OUT NUMBER
)
/*
Internal: a registered queue, or NULLs.
*/
IS
BEGIN
  SELECT queue_id, CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END, direct
  INTO out_queue_id, out_paused, out_direct
  FROM {{ p }}queue
  WHERE {{ same("namespace", "in_namespace") }} AND {{ same("queue", "in_queue") }} AND removed_at IS NULL;
EXCEPTION
  WHEN NO_DATA_FOUND THEN
    out_queue_id := NULL;
END look_up_queue;
