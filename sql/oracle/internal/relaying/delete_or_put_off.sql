PROCEDURE delete_or_put_off (
  in_task_id IN NUMBER,
  in_now IN TIMESTAMP,
  out_deleted IN OUT NUMBER
)
/*
Internal: deletes a terminal task, with the history of its attempts, and counts it, or puts it off if something keeps it.
*/
IS
BEGIN
  DELETE FROM {{ p }}task
  WHERE task_id = in_task_id AND lane = 0 AND due_at <= in_now;
  IF SQL%ROWCOUNT > 0 THEN
    DELETE FROM {{ p }}attempt
    WHERE task_id = in_task_id;
  END IF;
  out_deleted := out_deleted + 1;
EXCEPTION
  WHEN OTHERS THEN
    IF {{ is_refusal }} THEN
      UPDATE {{ p }}task
      SET due_at = in_now + {{ seconds(default.purge_retry) }}
      WHERE task_id = in_task_id;
      RETURN;
    END IF;
    RAISE;
END delete_or_put_off;
