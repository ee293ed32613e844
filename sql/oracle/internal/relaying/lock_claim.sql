PROCEDURE lock_claim (
  in_lane IN NUMBER,
  in_until IN TIMESTAMP,
  in_limit IN NUMBER,
  in_bytes IN NUMBER,
  in_now IN TIMESTAMP,
  out_ids IN OUT NOCOPY ids,
  out_found OUT NUMBER,
  out_bytes_left IN OUT NUMBER,
  out_full IN OUT BOOLEAN,
  out_expired IN OUT NOCOPY ids
)
/*
Internal: as lock_due_tasks, for tasks to claim: their payloads have at most in_bytes together, or are a
single one, and no more than out_bytes_left. out_full becomes true when a bound was met, so that more may be due.
*/
IS
  -- A length in characters needs no look at the text.
  CURSOR c_due IS
    SELECT /*+ INDEX(task {{ p }}due) */ /* O2 */
      task.task_id,
      CASE WHEN {{ expired("in_now") }} THEN 1 ELSE 0 END,
      DBMS_LOB.GETLENGTH(task.payload)
    FROM {{ p }}task task
    WHERE task.lane = in_lane AND task.due_at <= in_until
    ORDER BY task.due_at, task.task_id
    FOR UPDATE SKIP LOCKED; /* O1 */
  v_ids ids;
  v_expired ids;
  v_lengths ids;
  v_bytes NUMBER := 0;
  v_most NUMBER := out_bytes_left;
BEGIN
  out_found := 0;
  IF in_limit > 0 THEN
    OPEN c_due;
    FETCH c_due BULK COLLECT INTO v_ids, v_expired, v_lengths LIMIT in_limit;
    CLOSE c_due;
  END IF;
  out_full := out_full OR v_ids.COUNT >= in_limit;
  FOR i IN 1 .. v_ids.COUNT LOOP
    IF v_expired(i) = 1 THEN
      out_expired(out_expired.COUNT + 1) := v_ids(i);
    ELSIF v_bytes + v_lengths(i) > v_most THEN
      out_full := TRUE;
      EXIT;
    ELSE
      out_ids(out_ids.COUNT + 1) := v_ids(i);
      v_bytes := v_bytes + v_lengths(i);
      v_most := LEAST(in_bytes, out_bytes_left);
    END IF;
    out_found := out_found + 1;
  END LOOP;
  out_bytes_left := out_bytes_left - v_bytes;
END lock_claim;
