PROCEDURE explain_task (
  in_task_id IN NUMBER,
  out_rows OUT SYS_REFCURSOR
)
/*
Tells why a task is where it is, in words. Times are UTC.

Parameters
  in_task_id    the task
Result
  one row: task_id, status, explanation (one sentence a line: what it is, what happened, what comes next.
  Control characters and line ends in names and errors are blanks there)
Errors
  invalid_argument, task_not_found
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_status NUMBER;
  v_beginning VARCHAR2(4000);
  v_end VARCHAR2(4000);
BEGIN
  {{ enter("explain_task") }};
  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  BEGIN
    SELECT
      task.status,
      'Task ' || task.task_id || ' "' || {{ one_line("task.name") }} || '" of queue ' || {{ one_line("queue.queue") }}
        || ' in namespace ' || {{ one_line("queue.namespace") }}
        || CASE WHEN task.order_no IS NOT NULL THEN ', order number ' || {{ one_line("task.order_no") }} END || '.'
      || CHR(10) || 'Created ' || {{ timestamp_text("task.created_at") }}
        || '; deadline ' || {{ timestamp_text("task.deadline_at") }}
        || '; ' || CASE queue.direct WHEN 1 THEN 'due' ELSE 'queued' END
        || ' again every ' || task.interval_seconds || ' s until it is finished.'
      || CHR(10) || CASE
        WHEN task.attempts = 0 THEN 'It has never been started.'
        ELSE 'Attempts: ' || (task.attempts - task.attempts_before) || ' of ' || task.max_count
          || CASE WHEN task.attempts_before > 0 THEN
            ', and ' || task.attempts_before || ' that do not count'
          END
          || '; the last one started ' || {{ timestamp_text("task.started_at") }} || '.'
      END
      || CASE WHEN task.lane <> 0 AND task.lapses > 0 THEN
        CHR(10) || 'Started ' || (task.lapses + 1) || ' times in a row without an end: it may kill its worker.'
      END,
      CHR(10) || CASE
        WHEN task.status = {{ status.finished }} THEN
          'Finished ' || {{ timestamp_text("task.ended_at") }} || '.'
        WHEN task.status = {{ status.cancelled }} THEN
          'Cancelled ' || {{ timestamp_text("task.ended_at") }} || '; it can be retried.'
        WHEN task.status = {{ status.failed }} THEN
          'Failed ' || {{ timestamp_text("task.ended_at") }} || ' because '
          || CASE
            WHEN {{ is_outcome("ending.outcome", "rejected") }} THEN 'its consumer rejected it'
            WHEN task.attempts - task.attempts_before >= task.max_count THEN 'its attempts were used up'
            WHEN task.lapses >= {{ max_lapses }} THEN 'too many attempts in a row never ended'
            ELSE 'its deadline passed'
          END || '; it can be retried.'
        WHEN task.status = {{ status.processing }} AND task.batch_id <= 0 THEN
          'A consumer is processing it.'
        WHEN batch.batch_id IS NOT NULL THEN
          'Relay ' || {{ one_line("batch.relay") }} || ' took it at ' || {{ timestamp_text("batch.claimed_at") }}
          || ' and has not confirmed that the message is in Redis; any relay may take it again from '
          || {{ timestamp_text("batch.lapses_at") }} || '.'
        WHEN task.status = {{ status.processing }} THEN
          'Attempt ' || task.attempts || ' has not ended within its interval;'
          || ' a relay has put the message on the queue again.'
        WHEN task.batch_id > 0 AND task.due_at > v_now THEN
          'A relay has put its message on the queue; no consumer has started it since.'
        WHEN {{ is_outcome("ending.outcome", "snoozed") }} THEN
          'It waits: its consumer snoozed it at ' || {{ timestamp_text("ending.ended_at") }} || '.'
        ELSE 'It waits.'
      END
      || CHR(10) || CASE
        WHEN task.lane = 0 AND task.due_at <= v_now THEN 'Next: the purge deletes it.'
        WHEN task.lane = 0 AND {{ put_off }} THEN
          'Next: the purge tries again after ' || {{ timestamp_text("task.due_at") }}
          || '; it could not delete the task, because a foreign key or a trigger keeps it.'
        WHEN task.lane = 0 THEN 'Next: the purge deletes it after ' || {{ timestamp_text("task.due_at") }} || '.'
        WHEN task.deadline_at <= v_now THEN
          'Next: its deadline has passed, so the next '
          || CASE queue.direct WHEN 1 THEN 'look of a worker' ELSE 'scan' END || ' fails it.'
        WHEN queue.paused_at IS NOT NULL THEN
          'Next: nothing, because the queue is paused since ' || {{ timestamp_text("queue.paused_at") }}
          || '; resume it, or the task fails at its deadline.'
        WHEN queue.direct = 1 AND (task.lane < 0 OR task.due_at <= v_now) THEN
          'Next: it is due since ' || {{ timestamp_text("task.due_at") }}
          || '; the next worker that has room takes it. Is one running?'
        WHEN task.lane < 0 THEN 'Next: a relay queues it as soon as the queue has room.'
        WHEN task.due_at <= v_now THEN
          'Next: it is due since ' || {{ timestamp_text("task.due_at") }}
          || '; the next scan of a relay queues it. Is one running?'
        WHEN {{ used_up("task.") }} THEN
          'Next: this was its last attempt; it fails at ' || {{ timestamp_text("task.due_at") }} || ' unless it is finished.'
        WHEN task.due_at >= task.deadline_at THEN
          'Next: it fails at its deadline, ' || {{ timestamp_text("task.deadline_at") }} || ', unless it is finished.'
        WHEN queue.direct = 1 THEN
          'Next: a worker may take it from ' || {{ timestamp_text("task.due_at") }} || ' on unless it is finished before.'
        ELSE 'Next: it is queued at ' || {{ timestamp_text("task.due_at") }} || ' unless it is finished before.'
      END
    INTO v_status, v_beginning, v_end
    FROM {{ p }}task task
    JOIN {{ p }}queue queue ON queue.queue_id = task.queue_id
    LEFT JOIN {{ p }}batch batch ON batch.batch_id = task.batch_id
    -- The attempt that has brought the task where it is, if one has.
    LEFT JOIN {{ p }}attempt ending
      ON ending.task_id = task.task_id AND ending.attempt = task.attempts AND ending.ended_at = task.ended_at
    WHERE task.task_id = in_task_id;
  EXCEPTION
    WHEN NO_DATA_FOUND THEN
      {{ raise("task_not_found", "there is no task with this in_task_id") }};
  END;
  -- The error is read as the caller fetches: a CLOB of this procedure's own would be gone by then.
  OPEN out_rows FOR
    SELECT
      in_task_id AS task_id,
      v_status AS status,
      TO_CLOB(v_beginning)
        || CASE WHEN task.last_error IS NOT NULL THEN CHR(10) || 'Last error: ' END || {{ one_line("task.last_error") }}
        || v_end AS explanation
    FROM dual
    LEFT JOIN {{ p }}task task ON task.task_id = in_task_id;
END explain_task;
