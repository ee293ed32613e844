PROCEDURE lock_due_tasks (
  in_lane IN NUMBER,
  in_until IN TIMESTAMP,
  in_limit IN NUMBER,
  in_now IN TIMESTAMP,
  out_ids IN OUT NOCOPY ids,
  out_found OUT NUMBER,
  out_expired IN OUT NOCOPY ids
)
/*
Internal: locks the first tasks of a lane that nobody else has locked; appends the ids of those that have no
attempt left or are past their deadline to out_expired, those of the others to out_ids. out_found counts both.
Ended tasks, those of lane 0, do not expire.
*/
IS
  CURSOR c_due IS
    SELECT /*+ INDEX(task {{ p }}due) */ /* O2 */
      task.task_id,
      CASE WHEN in_lane <> 0 AND {{ expired("in_now") }} THEN 1 ELSE 0 END
    FROM {{ p }}task task
    WHERE task.lane = in_lane AND task.due_at <= in_until
    ORDER BY task.due_at, task.task_id
    FOR UPDATE SKIP LOCKED; /* O1 */
  v_ids ids;
  v_expired ids;
BEGIN
  out_found := 0;
  IF in_limit > 0 THEN
    OPEN c_due;
    FETCH c_due BULK COLLECT INTO v_ids, v_expired LIMIT in_limit;
    CLOSE c_due;
    out_found := v_ids.COUNT;
  END IF;
  FOR i IN 1 .. v_ids.COUNT LOOP
    IF v_expired(i) = 1 THEN
      out_expired(out_expired.COUNT + 1) := v_ids(i);
    ELSE
      out_ids(out_ids.COUNT + 1) := v_ids(i);
    END IF;
  END LOOP;
END lock_due_tasks;
