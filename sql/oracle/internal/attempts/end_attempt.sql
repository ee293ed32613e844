PROCEDURE end_attempt (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER,
  in_outcome IN VARCHAR2,
  in_error IN CLOB,
  in_delay IN NUMBER,
  in_worker IN VARCHAR2,
  in_traceback IN CLOB,
  in_batch_id IN NUMBER,
  out_status OUT NUMBER
)
/*
Internal: ends an attempt without success, as fail_task, reject_task and snooze_task do, and enters it in the history.
*/
IS
  v_now {{ instant }} := {{ now }};
  -- A CLOB counts what lies beyond the first 65,536 characters of Unicode as two, a VARCHAR2 as one.
  v_longest VARCHAR2(32767) := SUBSTR(in_error, 1, {{ 2 * limit.error }});
  v_error CLOB := SUBSTR(v_longest, 1, {{ limit.error }});
  v_attempt NUMBER;
  v_started_at {{ instant }};
  v_failed ids;
  v_point BOOLEAN := TRUE;
BEGIN
  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  {{ set_point("end_attempt") }};
  BEGIN
    UPDATE {{ p }}task
    SET
      {{ ended("in_outcome", "v_error", "in_delay") }},
      batch_id = COALESCE(in_batch_id, batch_id)
    WHERE task_id = in_task_id
      AND status = {{ status.processing }}
      AND (in_attempt IS NULL OR attempts = in_attempt)
    RETURNING status, attempts, started_at INTO out_status, v_attempt, v_started_at;

    IF SQL%ROWCOUNT = 0 THEN
      refuse_task(in_task_id, in_attempt);
    END IF;
    keep_attempt(
      in_task_id, v_attempt, v_started_at, v_now, {{ outcome_of("in_outcome") }}, in_worker,
      SUBSTR(in_error, 1, {{ limit.traceback }}),
      SUBSTR(in_traceback, GREATEST(1, LENGTH(in_traceback) - {{ limit.traceback - 1 }}))
    );
    IF out_status = {{ status.failed }} THEN
      v_failed(1) := in_task_id;
      create_follow_ups(v_failed, v_now);
    END IF;
  EXCEPTION
    WHEN OTHERS THEN
      {{ go_back("end_attempt") }};
  END;
END end_attempt;
