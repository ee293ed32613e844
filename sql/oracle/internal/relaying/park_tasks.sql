PROCEDURE park_tasks (
  in_ids IN ids,
  in_now IN TIMESTAMP
)
/*
Internal: moves due tasks of closed queues out of the way of the others. The caller has locked them.
*/
IS
BEGIN
  FORALL i IN 1 .. in_ids.COUNT
    UPDATE {{ p }}task
    SET
      lane = -queue_id,
      due_at = deadline_at
    WHERE task_id = in_ids(i) AND lane > 0 AND due_at <= in_now;
END park_tasks;
