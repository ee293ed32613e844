PROCEDURE purge_tasks (
  in_limit IN NUMBER,
  out_deleted OUT NUMBER
)
/*
Deletes terminal tasks whose delete time has come, in one short transaction. Call it until it deletes
fewer than it may. A task that a foreign key or a trigger keeps is tried again {{ default.purge_retry }} s later.

Parameters
  in_limit      most tasks to delete, 1 to {{ limit.rows }}
Result
  out_deleted   how many were deleted
Errors
  invalid_argument, transaction_open
Transaction
  Commits by itself.
*/
IS
  v_now {{ instant }};
  v_ids ids;
  v_found NUMBER;
  v_deleted NUMBER;
  v_expired ids;
BEGIN
  {{ enter("purge_tasks") }};
  {{ check_integer("in_limit", 1, limit.rows) }};

  begin_work;
  v_now := {{ now }};
  BEGIN
    out_deleted := 0;
    FOR i IN 1 .. {{ default.purge_rounds }} LOOP
      v_ids.DELETE;
      lock_due_tasks(0, v_now, in_limit - out_deleted, v_now, v_ids, v_found, v_expired);
      delete_ended(v_ids, v_now, v_deleted);
      out_deleted := out_deleted + v_deleted;
      EXIT WHEN v_deleted = v_found;
    END LOOP;
    IF out_deleted < in_limit THEN
      keep_used;
    END IF;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
END purge_tasks;
