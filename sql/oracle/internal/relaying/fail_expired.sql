PROCEDURE fail_expired (
  in_ids IN ids,
  in_now IN TIMESTAMP
)
/*
Internal: fails overdue tasks. The caller has locked them. Attempts that were under way go into the history.
*/
IS
  v_failed ids;
  v_lapses ids;
  v_attempt NUMBER;
  v_started_at {{ instant }};
  v_outcome VARCHAR2(10 CHAR);
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
      {{ given_up(status.failed, "in_now") | indent(2) }}
    WHERE task_id = in_ids(i) AND lane <> 0 AND {{ expired("in_now") }}
    RETURNING task_id, lapses BULK COLLECT INTO v_failed, v_lapses;

  FOR i IN 1 .. v_failed.COUNT LOOP
    -- A task that waits has no lapses; the attempt that never ended has just been counted.
    IF v_lapses(i) > 0 THEN
      SELECT attempts, started_at, CASE WHEN deadline_at <= in_now THEN 'expired' ELSE 'lapsed' END
      INTO v_attempt, v_started_at, v_outcome
      FROM {{ p }}task
      WHERE task_id = v_failed(i);
      keep_attempt(v_failed(i), v_attempt, v_started_at, in_now, v_outcome);
    END IF;
  END LOOP;
  create_follow_ups(v_failed, in_now);
END fail_expired;
