PROCEDURE fail_expired (
  in_ids IN ids,
  in_now IN TIMESTAMP
)
/*
Internal: fails overdue tasks. The caller has locked them.
*/
IS
BEGIN
  FORALL i IN 1 .. in_ids.COUNT
    UPDATE {{ p }}task
    SET
      last_error = CASE
        WHEN status = {{ status.processing }} AND {{ used_up() }} AND (lapses > 0 OR last_error IS NULL)
        THEN TO_CLOB('attempts in a row that never ended: ' || (lapses + 1) || ' (the task may kill its worker)')
        ELSE last_error
      END,
      lapses = lapses + CASE status WHEN {{ status.processing }} THEN 1 ELSE 0 END,
      lane = 0,
      status = {{ status.failed }},
      ended_at = in_now,
      due_at = in_now + {{ keep_unfinished }}
    WHERE task_id = in_ids(i) AND lane <> 0 AND {{ expired("in_now") }};
END fail_expired;
