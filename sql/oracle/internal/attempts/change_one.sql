PROCEDURE change_one (
  in_retry IN NUMBER,
  in_reject IN NUMBER,
  in_task_id IN NUMBER,
  in_attempt IN NUMBER,
  in_deadline IN NUMBER,
  in_error IN VARCHAR2,
  in_now IN TIMESTAMP,
  out_error_number OUT NUMBER
)
/*
Internal: retries one task for change_tasks, or rejects or cancels it; else the number of the error says why not.
*/
IS
  v_lane NUMBER;
  v_status NUMBER;
  v_attempts NUMBER;
  v_found NUMBER;
  v_started_at {{ instant }};
  v_changed ids;
  CURSOR c_task IS
    SELECT task.lane, task.status, task.attempts, task.started_at
    FROM {{ p }}task task
    WHERE task.task_id = in_task_id
    FOR UPDATE SKIP LOCKED; /* O1 */
BEGIN
  out_error_number := 0;
  OPEN c_task;
  FETCH c_task INTO v_lane, v_status, v_attempts, v_started_at;
  CLOSE c_task;

  IF v_lane IS NULL THEN
    SELECT COUNT(*) INTO v_found FROM {{ p }}task WHERE task_id = in_task_id;
    out_error_number := CASE v_found WHEN 0 THEN {{ error.task_not_found }} ELSE {{ error.task_busy }} END;
  ELSIF in_attempt <> v_attempts THEN
    out_error_number := {{ error.stale_attempt }};
  ELSIF in_retry = 0 AND v_lane = 0 THEN
    out_error_number := {{ error.task_not_active }};
  ELSIF in_retry = 1 AND v_status NOT IN ({{ status.cancelled }}, {{ status.failed }}) THEN
    out_error_number := {{ error.task_not_retryable }};
  ELSIF in_retry = 1 THEN
    UPDATE {{ p }}task
    SET
      {{ retried("in_now") | indent(2) }}
    WHERE task_id = in_task_id
      AND status IN ({{ status.cancelled }}, {{ status.failed }});
  ELSE
    UPDATE {{ p }}task
    SET
      {{ given_up("CASE in_reject WHEN 1 THEN %d ELSE %d END" % (status.failed, status.cancelled), "in_now") | indent(2) }},
      last_error = CASE in_reject
        WHEN 1 THEN TO_CLOB(COALESCE(SUBSTR(in_error, 1, {{ limit.error }}), 'rejected by an operator'))
        ELSE last_error
      END
    WHERE task_id = in_task_id
      AND lane <> 0;
    IF v_status = {{ status.processing }} THEN
      keep_attempt(
        in_task_id, v_attempts, v_started_at, in_now, CASE in_reject WHEN 1 THEN 'rejected' ELSE 'cancelled' END,
        NULL, CASE in_reject WHEN 1 THEN TO_CLOB(SUBSTR(in_error, 1, {{ limit.error }})) END
      );
    END IF;
    v_changed(1) := in_task_id;
    create_follow_ups(v_changed, in_now);
  END IF;
EXCEPTION
  WHEN DUP_VAL_ON_INDEX THEN
    IF {{ is_other_index }} THEN
      RAISE;
    END IF;
    out_error_number := {{ error.duplicate_order }};
END change_one;
