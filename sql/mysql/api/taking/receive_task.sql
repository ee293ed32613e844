CREATE PROCEDURE {{ p }}receive_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  IN in_queue {{ text }},
  OUT out_attempt INT,
  OUT out_payload {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Starts a task for the consumer of its queue, as start_task does, and returns its payload: a message can
  be anybody's who may push it, the row is its creator's.

  Parameters
    in_task_id    the task
    in_attempt    the attempt that the message announced; NULL starts the next one, whichever it is
    in_queue      the queue that the message was taken from; in whichever namespace
  Result
    out_attempt   the attempt that was started; pass it to finish_task, fail_task and extend_task
    out_payload   the payload as its creator gave it
  Errors
    invalid_argument, task_not_found, task_not_active,
    stale_attempt (another consumer has started the announced attempt),
    attempts_exhausted, deadline_passed,
    wrong_queue (the task belongs to another queue; nothing was changed)
  Transaction
    Joins the caller's.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();

  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;
  CALL {{ p }}check_queue(in_queue, NULL);

  CALL {{ p }}find_received(in_task_id, in_queue, out_payload);
  {{ look_first("GREATEST(in_attempt, 0) - 1", "FALSE") }};
  -- Most tasks are started for the first time, or after an attempt that ended. The server works out less for them.
  UPDATE {{ p }}task
  SET
    {{ started("LAST_INSERT_ID(attempts + 1)", "0", waiting=true) }} /* R21 */
  WHERE task_id = in_task_id
    AND {{ can_be_started("in_attempt", waiting=true) }};

  IF ROW_COUNT() = 0 THEN
    CALL {{ p }}start_lapsed(in_task_id, in_attempt, v_now);
  END IF;
  SET out_attempt = LAST_INSERT_ID();
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id) /* R21 */;
  SELECT out_attempt AS attempt, out_payload AS payload;
END
