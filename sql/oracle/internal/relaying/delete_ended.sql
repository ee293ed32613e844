PROCEDURE delete_ended (
  in_ids IN ids,
  in_now IN TIMESTAMP,
  out_deleted OUT NUMBER
)
/*
Internal: deletes terminal tasks, and the history of their attempts. One that a foreign key or a trigger keeps is put off, so that the others go and the
next purge does not meet it first.
*/
IS
BEGIN
  FORALL i IN 1 .. in_ids.COUNT
    DELETE FROM {{ p }}task
    WHERE task_id = in_ids(i) AND lane = 0 AND due_at <= in_now;
  FORALL i IN 1 .. in_ids.COUNT
    DELETE FROM {{ p }}attempt
    WHERE task_id = in_ids(i) AND NOT EXISTS (SELECT 1 FROM {{ p }}task WHERE task_id = in_ids(i));
  out_deleted := in_ids.COUNT;
EXCEPTION
  WHEN OTHERS THEN
    IF {{ is_refusal }} THEN
      out_deleted := 0;
      FOR i IN 1 .. in_ids.COUNT LOOP
        delete_or_put_off(in_ids(i), in_now, out_deleted);
      END LOOP;
      RETURN;
    END IF;
    RAISE;
END delete_ended;
