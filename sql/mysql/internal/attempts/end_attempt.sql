CREATE PROCEDURE {{ p }}end_attempt (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  IN in_outcome {{ text }},
  IN in_error {{ text }},
  IN in_delay BIGINT,
  OUT out_status TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: ends an attempt without success, as fail_task, reject_task and snooze_task do, and enters it in the history.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_follow TINYINT;
  DECLARE v_own_transaction TINYINT DEFAULT FALSE;
  {{ roll_back_begun }};

  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  {{ begin_own }};
  IF NOT v_own_transaction THEN
    {{ look_first("in_attempt", "TRUE") }};
  END IF;
  UPDATE {{ p }}task AS task
  SET
    {{ ended("in_outcome", "in_error", "in_delay") }}
  WHERE task_id = in_task_id
    AND status = {{ status.processing }}
    AND (in_attempt IS NULL OR attempts = in_attempt);
  IF ROW_COUNT() = 0 THEN
    CALL {{ p }}refuse_task(in_task_id, in_attempt);
  END IF;

  {{ keep_attempts("SELECT
    task_id, attempts, started_at, v_now, " ~ outcome_of("in_outcome") ~ ", NULL, LEFT(in_error, %d), NULL
  FROM %stask
  WHERE task_id = in_task_id" % (limit.traceback, p)) }};
  CALL {{ p }}forget_attempts(CONCAT('[', in_task_id, ']'));
  SELECT status, status = {{ status.failed }} AND on_failure IS NOT NULL
  INTO out_status, v_follow
  FROM {{ p }}task
  WHERE task_id = in_task_id;
  IF v_follow THEN
    CALL {{ p }}create_follow_ups(CONCAT('[', in_task_id, ']'), v_now);
  END IF;
  {{ commit_begun }};
END
