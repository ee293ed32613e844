PROCEDURE start_due_tasks (
  in_due IN ids,
  in_limit IN NUMBER,
  in_batch_id IN NUMBER,
  out_started OUT NOCOPY ids,
  out_expired OUT NUMBER
)
/*
Internal: locks due tasks of the lanes of in_due, which look_for_tasks has made, in their order; fails those that are
started no more and starts the others. The caller commits.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_left NUMBER := in_limit;
  v_bytes_left NUMBER := {{ limit.claim_bytes }};
  v_some NUMBER;
  v_full BOOLEAN := FALSE;
  v_found ids;
  v_expired ids;
  v_lapses ids;
BEGIN
  out_started.DELETE;
  FOR i IN 1 .. in_due.COUNT LOOP
    EXIT WHEN v_full;
    lock_claim(
      in_due(i), CASE WHEN in_due(i) < 0 THEN {{ end_of_time }} ELSE v_now END, v_left, v_bytes_left, v_now, v_found,
      v_some, v_bytes_left, v_full, v_expired
    );
    v_left := v_left - v_some;
  END LOOP;

  out_expired := v_expired.COUNT;
  fail_expired(v_expired, v_now);
  -- In due order; a task that is not due any more was started or ended before it was locked.
  FORALL i IN 1 .. v_found.COUNT
    UPDATE {{ p }}task
    SET
      {{ started("in_batch_id") }}
    WHERE task_id = v_found(i)
      AND (lane < 0 OR (lane > 0 AND due_at <= v_now))
      AND {{ can_be_started("NULL") }}
    RETURNING task_id, lapses BULK COLLECT INTO out_started, v_lapses;
  FOR i IN 1 .. out_started.COUNT LOOP
    IF v_lapses(i) > 0 THEN
      keep_lapsed(out_started(i), v_now);
    END IF;
  END LOOP;
END start_due_tasks;
