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
  v_left NUMBER;
  v_deleted NUMBER;
  CURSOR c_ended IS
    SELECT /*+ INDEX(task {{ p }}due) */ /* O2 */ task.task_id
    FROM {{ p }}task task
    WHERE task.lane = 0 AND task.due_at <= v_now
    ORDER BY task.due_at, task.task_id
    FOR UPDATE SKIP LOCKED; /* O1 */
BEGIN
  {{ enter("purge_tasks") }};
  {{ check_integer("in_limit", 1, limit.rows) }};

  begin_work;
  v_now := {{ now }};
  BEGIN
    out_deleted := 0;
    FOR i IN 1 .. {{ default.purge_rounds }} LOOP
      v_left := in_limit - out_deleted;
      OPEN c_ended;
      FETCH c_ended BULK COLLECT INTO v_ids LIMIT v_left;
      CLOSE c_ended;
      delete_ended(v_ids, v_now, v_deleted);
      out_deleted := out_deleted + v_deleted;
      EXIT WHEN v_deleted = v_ids.COUNT;
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
