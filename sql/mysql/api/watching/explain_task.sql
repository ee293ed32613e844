CREATE PROCEDURE {{ p }}explain_task (
  IN in_task_id BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_status TINYINT;
  DECLARE v_explanation {{ text }};

  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  SELECT
    task.status,
    CONCAT_WS('\n',
      CONCAT(
        'Task ', task.task_id, ' "', {{ one_line("task.name") }}, '" of queue ', {{ one_line("queue.queue") }},
        ' in namespace ', {{ one_line("queue.namespace") }},
        COALESCE(CONCAT(', order number ', {{ one_line("task.order_no") }}), ''), '.'
      ),
      CONCAT(
        'Created ', task.created_at, '; deadline ', task.deadline_at, '; ', IF(queue.direct, 'due', 'queued'),
        ' again every ', task.interval_seconds, ' s until it is finished.'
      ),
      IF(
        task.attempts = 0,
        'It has never been started.',
        CONCAT(
          'Attempts: ', task.attempts - task.attempts_before, ' of ', task.max_count,
          IF(task.attempts_before = 0, '', CONCAT(', and ', task.attempts_before, ' that do not count')),
          '; the last one started ', task.started_at, '.'
        )
      ),
      IF(
        task.lane <> 0 AND task.lapses > 0,
        CONCAT('Started ', task.lapses + 1, ' times in a row without an end: it may kill its worker.'),
        NULL
      ),
      CONCAT('Last error: ', {{ one_line("task.last_error") }}),
      CASE
        WHEN task.status = {{ status.finished }} THEN
          CONCAT('Finished ', task.ended_at, '.')
        WHEN task.status = {{ status.cancelled }} THEN
          CONCAT('Cancelled ', task.ended_at, '; it can be retried.')
        WHEN task.status = {{ status.failed }} THEN
          CONCAT(
            'Failed ', task.ended_at, ' because ',
            CASE
              WHEN ending.outcome = 'rejected' THEN 'its consumer rejected it'
              WHEN task.attempts - task.attempts_before >= task.max_count THEN 'its attempts were used up'
              WHEN task.lapses >= {{ max_lapses }} THEN 'too many attempts in a row never ended'
              ELSE 'its deadline passed'
            END,
            '; it can be retried.'
          )
        WHEN task.status = {{ status.processing }} AND task.batch_id <= 0 THEN
          'A consumer is processing it.'
        WHEN batch.batch_id IS NOT NULL THEN
          CONCAT(
            'Relay ', {{ one_line("batch.relay") }}, ' took it at ', batch.claimed_at,
            ' and has not confirmed that the message is in Redis; any relay may take it again from ',
            batch.lapses_at, '.'
          )
        WHEN task.status = {{ status.processing }} THEN
          CONCAT(
            'Attempt ', task.attempts, ' has not ended within its interval;',
            ' a relay has put the message on the queue again.'
          )
        WHEN task.batch_id > 0 AND task.due_at > v_now THEN
          'A relay has put its message on the queue; no consumer has started it since.'
        WHEN ending.outcome = 'snoozed' THEN CONCAT('It waits: its consumer snoozed it at ', ending.ended_at, '.')
        ELSE 'It waits.'
      END,
      CASE
        WHEN task.lane = 0 AND task.due_at <= v_now THEN 'Next: the purge deletes it.'
        WHEN task.lane = 0 AND {{ put_off }} THEN
          CONCAT(
            'Next: the purge tries again after ', task.due_at,
            '; it could not delete the task, because a foreign key or a trigger keeps it.'
          )
        WHEN task.lane = 0 THEN CONCAT('Next: the purge deletes it after ', task.due_at, '.')
        WHEN task.deadline_at <= v_now THEN
          CONCAT('Next: its deadline has passed, so the next ', IF(queue.direct, 'look of a worker', 'scan'), ' fails it.')
        WHEN queue.paused_at IS NOT NULL THEN
          CONCAT(
            'Next: nothing, because the queue is paused since ', queue.paused_at,
            '; resume it, or the task fails at its deadline.'
          )
        WHEN queue.direct AND (task.lane < 0 OR task.due_at <= v_now) THEN
          CONCAT('Next: it is due since ', task.due_at, '; the next worker that has room takes it. Is one running?')
        WHEN task.lane < 0 THEN 'Next: a relay queues it as soon as the queue has room.'
        WHEN task.due_at <= v_now THEN
          CONCAT('Next: it is due since ', task.due_at, '; the next scan of a relay queues it. Is one running?')
        WHEN {{ used_up("task.") }} THEN
          CONCAT('Next: this was its last attempt; it fails at ', task.due_at, ' unless it is finished.')
        WHEN task.due_at >= task.deadline_at THEN
          CONCAT('Next: it fails at its deadline, ', task.deadline_at, ', unless it is finished.')
        WHEN queue.direct THEN
          CONCAT('Next: a worker may take it from ', task.due_at, ' on unless it is finished before.')
        ELSE CONCAT('Next: it is queued at ', task.due_at, ' unless it is finished before.')
      END
    )
  INTO v_status, v_explanation
  FROM {{ p }}task AS task
  JOIN {{ p }}queue AS queue ON queue.queue_id = task.queue_id
  LEFT JOIN {{ p }}batch AS batch ON batch.batch_id = task.batch_id
  -- The attempt that has brought the task where it is, if one has.
  LEFT JOIN {{ p }}attempt AS ending
    ON ending.task_id = task.task_id AND ending.attempt = task.attempts AND ending.ended_at = task.ended_at
  WHERE task.task_id = in_task_id;
  IF v_status IS NULL THEN
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
  END IF;
  SELECT in_task_id AS task_id, v_status AS status, v_explanation AS explanation;
END
