PROCEDURE purge_tasks (
  in_limit IN NUMBER,
  out_deleted OUT NUMBER
)
{%- if spec %};
/*
Deletes terminal tasks whose delete time has come, in one short transaction. Call it until it deletes
fewer than it may.

Parameters
  in_limit      most tasks to delete, 1 to {{ limit.rows }}
Result
  out_deleted   how many were deleted
Errors
  invalid_argument, transaction_open
Transaction
  Commits by itself.
*/
{%- else %}
IS
  v_now {{ instant }};
  v_ids ids;
  CURSOR c_ended IS
    SELECT /*+ INDEX(task {{ p }}due) */ task.task_id
    FROM {{ p }}task task
    WHERE task.lane = 0 AND task.due_at <= v_now
    ORDER BY task.due_at, task.task_id
    FOR UPDATE SKIP LOCKED;
BEGIN
  {{ enter("purge_tasks") }};
  IF in_limit IS NULL OR {{ no_integer("in_limit", 1, limit.rows) }} THEN
    {{ raise("invalid_argument", "in_limit must be 1 to %d" % limit.rows) }};
  END IF;

  begin_work;
  v_now := {{ now }};
  BEGIN
    OPEN c_ended;
    FETCH c_ended BULK COLLECT INTO v_ids LIMIT in_limit;
    CLOSE c_ended;
    FORALL i IN 1 .. v_ids.COUNT
      DELETE FROM {{ p }}task
      WHERE task_id = v_ids(i) AND lane = 0 AND due_at <= v_now;
    out_deleted := v_ids.COUNT;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
END purge_tasks;
{%- endif %}
