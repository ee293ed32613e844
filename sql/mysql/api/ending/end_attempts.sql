{#- R4. The elements, in the order in which all calls lock their tasks. -#}
{%- macro given_ends() -%}
(
    SELECT task_id, attempt, outcome, error, traceback, delay
    FROM JSON_TABLE(v_ends, '$[*]' COLUMNS (
      task_id BIGINT PATH '$.task_id',
      attempt BIGINT PATH '$.attempt',
      outcome {{ text }} PATH '$.outcome',
      error {{ text }} PATH '$.error',
      traceback {{ text }} PATH '$.traceback',
      delay BIGINT PATH '$.delay'
    )) AS element
    ORDER BY task_id, attempt
    LIMIT {{ limit.rows }}
  )
{%- endmacro -%}
{%- set is_ended = "COALESCE(task.batch_id = v_batch_id AND task.attempts = given.attempt, FALSE)" -%}
CREATE PROCEDURE {{ p }}end_attempts (
  IN in_worker {{ text }},
  IN in_ends {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Ends many attempts that have not succeeded, each as fail_task, reject_task or snooze_task does. One that cannot be ended
  is left as it is and does not hinder the others.

  Parameters
    in_worker     name of the consumer, for the history, 1 to {{ limit.relay }} characters, no blank at either end
    in_ends       a JSON array of at most {{ limit.rows }} objects {"task_id": 17, "attempt": 1, "outcome": "fail"},
                  {{ limit.attempts }} bytes together, each attempt once. outcome is fail, reject or snooze. With "error", a
                  text for people, and "traceback", a text for the history alone, of which the last {{ limit.traceback }}
                  characters are kept. With "delay" in seconds: of fail 0 to {{ limit.seconds }}, without it the interval;
                  of snooze 1 to {{ limit.seconds }}
  Result
    one row for each attempt that was refused: task_id, attempt, error_number (as fail_task raises it), status NULL; and
    for each whose task has failed for good: task_id, attempt, error_number NULL, status {{ status.failed }}
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_batch_id BIGINT DEFAULT -{{ new_batch_id }};
  DECLARE v_ends JSON;
  DECLARE v_refused JSON;
  DECLARE v_failed {{ text }};
  DECLARE v_own_transaction TINYINT DEFAULT FALSE;
  {{ roll_back_own }};

  {{ check_name("in_worker", limit.relay) }};
  IF {{ unreadable("in_worker") }} THEN
    {{ raise("invalid_argument", "in_worker must have characters of Unicode only") }};
  END IF;
  CALL {{ p }}parse_ends(in_ends, v_ends);
  CALL {{ p }}find_own_transaction(v_own_transaction);
  IF v_own_transaction THEN
    START TRANSACTION;
  ELSE
    CALL {{ p }}drop_refused(TRUE, v_ends, v_refused);
  END IF;

  {{ settled }} UPDATE {{ given_ends() }} AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  SET
    {{ ended("given.outcome", "given.error", "given.delay") }},
    task.batch_id = v_batch_id
  WHERE task.status = {{ status.processing }}
    AND task.attempts = given.attempt;
  {{ keep_attempts("SELECT
    task.task_id, task.attempts, task.started_at, v_now, %s, in_worker, LEFT(given.error, %d), RIGHT(given.traceback, %d)
  FROM %s AS given
  STRAIGHT_JOIN %stask AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  WHERE task.batch_id = v_batch_id AND task.attempts = given.attempt"
  % (outcome_of("given.outcome"), limit.traceback, limit.traceback, given_ends(), p)) }};
  CALL {{ p }}forget_attempts(JSON_EXTRACT(v_ends, '$[*].task_id'));
  {{ settled }} SELECT JSON_ARRAYAGG(task.task_id)
  INTO v_failed
  FROM {{ given_tasks("v_ends") }} AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  WHERE {{ is_ended }} AND task.status = {{ status.failed }} AND task.on_failure IS NOT NULL;
  IF v_failed IS NOT NULL THEN
    CALL {{ p }}create_follow_ups(v_failed, v_now);
  END IF;

  -- Of those that were not refused before, the present state, not that of the caller's snapshot: by a lock.
  SELECT task_id, attempt, error_number, NULL AS status
  FROM JSON_TABLE(v_refused, '$[*]' COLUMNS (
    task_id BIGINT PATH '$.task_id', attempt BIGINT PATH '$.attempt', error_number INT PATH '$.error_number'
  )) AS refused
  UNION ALL
  (SELECT
    given.task_id, given.attempt, IF({{ is_ended }}, NULL, {{ reason }}), IF({{ is_ended }}, {{ status.failed }}, NULL)
  FROM {{ given_tasks("v_ends") }} AS given
  LEFT JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  WHERE task.status = {{ status.failed }} OR NOT {{ is_ended }}
  LOCK IN SHARE MODE /* R16 */)
  LIMIT {{ limit.rows }} /* R28 */;
  {{ commit_own }};
END
