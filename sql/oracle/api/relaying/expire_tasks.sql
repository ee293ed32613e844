PROCEDURE expire_tasks (
  in_limit IN NUMBER,
  out_expired OUT NUMBER
)
/*
Fails active tasks whose deadline has passed, or whose attempts are used up, or the last {{ max_lapses }} of them were started
and never ended, and whose last interval has passed, in one short transaction. Scans do the same; this is for a
system without relays. Call it until it fails fewer than it may.

Parameters
  in_limit      most tasks to fail, 1 to {{ limit.rows }}
Result
  out_expired   how many have failed
Errors
  invalid_argument, transaction_open
Transaction
  Commits by itself.
*/
IS
  v_now {{ instant }};
  v_ids ids;
  v_left NUMBER := in_limit;
  CURSOR c_lanes IS
    SELECT found.lane
    FROM (
      SELECT queue_id AS lane FROM {{ p }}queue
      UNION ALL
      SELECT -queue_id FROM {{ p }}queue
    ) found
    WHERE EXISTS (
      SELECT 1
      FROM {{ p }}task task
      WHERE task.lane = found.lane AND task.due_at <= v_now
    );
  CURSOR c_expired (in_lane NUMBER) IS
    SELECT /*+ INDEX(task {{ p }}due) */ /* O2 */ task.task_id
    FROM {{ p }}task task
    WHERE task.lane = in_lane
      AND task.due_at <= v_now
      AND {{ expired("v_now") }}
    ORDER BY task.due_at, task.task_id
    FOR UPDATE SKIP LOCKED; /* O1 */
BEGIN
  {{ enter("expire_tasks") }};
  {{ check_integer("in_limit", 1, limit.rows) }};

  begin_work;
  v_now := {{ now }};
  BEGIN
    FOR v_lane IN c_lanes LOOP
      OPEN c_expired(v_lane.lane);
      FETCH c_expired BULK COLLECT INTO v_ids LIMIT v_left;
      CLOSE c_expired;
      fail_expired(v_ids, v_now);
      v_left := v_left - v_ids.COUNT;
      EXIT WHEN v_left = 0;
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
  out_expired := in_limit - v_left;
END expire_tasks;
