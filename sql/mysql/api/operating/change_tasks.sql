{%- macro listed(variable) -%}
JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
        task_id BIGINT PATH '$.task_id', attempt BIGINT PATH '$.attempt', error_number INT PATH '$.error_number'
      ))
{%- endmacro -%}
{#- R10. The elements of a list that are not in another one, of which each is in the first. -#}
{%- macro rest(variable, other) -%}
(
      SELECT task_id, attempt
      FROM (
        SELECT task_id, attempt FROM {{ given_tasks(variable) }} AS given
        UNION ALL
        SELECT task_id, attempt FROM {{ listed(other) }} AS removed
      ) AS both_lists
      GROUP BY task_id, attempt
      HAVING COUNT(*) = 1
    )
{%- endmacro -%}
{%- set elements = "JSON_ARRAYAGG(JSON_OBJECT('task_id', task_id, 'attempt', attempt, 'error_number', error_number))" -%}
{%- set changed -%}
JSON_TABLE(v_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
{%- endset -%}
CREATE PROCEDURE {{ p }}change_tasks (
  IN in_action {{ text }},
  IN in_tasks {{ text }},
  IN in_deadline BIGINT,
  IN in_error {{ text }},
  OUT out_changed INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Changes many tasks in one short transaction. One that cannot be changed is left as it is and does
  not hinder the others, and one that somebody else has locked is not waited for.

  Parameters
    in_action     retry, as retry_task; cancel, as cancel_task; reject: an active task fails, whatever attempts are left
    in_tasks      a JSON array of at most {{ limit.rows }} objects {"task_id": 17}, {{ limit.attempts }} bytes together;
                  with "attempt": 1, only while that is the number of its last attempt
    in_deadline   of retry: seconds from now, 1 to {{ limit.seconds }}; NULL is {{ default.deadline }}
    in_error      of reject: why, for people; cut after {{ limit.error }} characters; NULL says who has done it
  Result
    out_changed   how many were changed
    one row for each of the others: task_id, attempt, error_number (as retry_task or cancel_task raises it;
    stale_attempt; task_busy)
  Errors
    invalid_argument, transaction_open,
    task_busy (in the rows alone: another transaction has locked the task, or has just created one with its order
    number)
  Transaction
    Commits by itself.
  */
  DECLARE v_now {{ instant }};
  DECLARE v_given JSON;
  DECLARE v_tasks JSON;
  DECLARE v_taken {{ text }};
  DECLARE v_locked {{ text }};
  DECLARE v_ids {{ text }};

  IF COALESCE(CAST(in_action AS BINARY) NOT IN ('retry', 'cancel', 'reject'), TRUE) THEN
    {{ raise("invalid_argument", "in_action must be retry, cancel or reject") }};
  END IF;
  {{ check_integer("in_deadline", 1, limit.seconds, " (seconds)", or_null=true) }};
  IF in_deadline IS NOT NULL AND in_action <> 'retry' THEN
    {{ raise("invalid_argument", "in_deadline must be NULL unless in_action is retry") }};
  END IF;
  IF in_error IS NOT NULL AND in_action <> 'reject' THEN
    {{ raise("invalid_argument", "in_error must be NULL unless in_action is reject") }};
  END IF;
  IF {{ unreadable("in_error") }} THEN
    {{ raise("invalid_argument", "in_error must have characters of Unicode only") }};
  END IF;
  CALL {{ p }}parse_tasks(in_tasks, v_given);

  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    SET v_now = {{ now }}, v_tasks = v_given, v_taken = '[]', out_changed = 0;
    IF in_action = 'retry' THEN
      -- Also those of creations that are not committed: an UPDATE would wait for them.
      {{ rollback }};
      SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED /* R35 */;
      START TRANSACTION;
      {{ settled }} SELECT {{ elements }}
      INTO v_taken
      FROM (
        SELECT given.task_id, given.attempt, {{ error.duplicate_order }} AS error_number
        FROM {{ given_tasks("v_given") }} AS given
        STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
        STRAIGHT_JOIN {{ p }}task AS other FORCE INDEX (active_order) /* R6 */
          ON other.order_key = task.order_key
          AND other.name = task.name
          AND other.queue_id = task.queue_id
          AND other.active = 1
        WHERE task.status IN ({{ status.cancelled }}, {{ status.failed }})
      ) AS found;
      {{ commit }};
      CALL {{ p }}begin_work();
      IF v_taken IS NULL THEN
        SET v_taken = '[]';
      ELSE
        {{ settled }} SELECT COALESCE(JSON_ARRAYAGG(JSON_OBJECT('task_id', task_id, 'attempt', attempt)), '[]')
        INTO v_tasks
        FROM {{ rest("v_given", "v_taken") }} AS untaken;
      END IF;
    END IF;

    {{ settled }} SELECT {{ elements }}
    INTO v_locked
    FROM (
      SELECT
        given.task_id, given.attempt,
        CASE
          WHEN given.attempt <> task.attempts THEN {{ error.stale_attempt }}
          WHEN in_action <> 'retry' AND task.lane = 0 THEN {{ error.task_not_active }}
          WHEN in_action = 'retry' AND task.status NOT IN ({{ status.cancelled }}, {{ status.failed }})
            THEN {{ error.task_not_retryable }}
          ELSE 0
        END AS error_number
      FROM {{ given_tasks("v_tasks") }} AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
      FOR UPDATE SKIP LOCKED /* R11 */
    ) AS found;

    IF in_action = 'retry' THEN
      -- Of those with one order number the first, unless one is active that is about to end, perhaps.
      {{ settled }} SELECT {{ elements }}
      INTO v_locked
      FROM (
        SELECT
          retried.task_id, retried.attempt,
          IF(
            retried.error_number = 0 AND retried.order_key IS NOT NULL AND (retried.place > 1 OR task.task_id IS NOT NULL),
            {{ error.duplicate_order }}, retried.error_number
          ) AS error_number
        FROM (
          SELECT
            given.task_id, given.attempt, given.error_number, task.order_key, task.name, task.queue_id,
            ROW_NUMBER() OVER (
              PARTITION BY given.error_number = 0, task.order_key, task.name, task.queue_id ORDER BY given.task_id
            ) AS place
          FROM {{ listed("v_locked") }} AS given
          STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
        ) AS retried
        LEFT JOIN {{ p }}task AS task FORCE INDEX (active_order) /* R6 */
          ON task.order_key = retried.order_key
          AND task.name = retried.name
          AND task.queue_id = retried.queue_id
          AND task.active = 1
      ) AS found;
    END IF;

    {{ settled }} SELECT JSON_ARRAYAGG(task_id)
    INTO v_ids
    FROM (
      SELECT DISTINCT task_id FROM {{ listed("v_locked") }} AS given WHERE error_number = 0
    ) AS sound;
    BEGIN
      DECLARE v_message {{ text }};
      DECLARE v_task_id BIGINT;
      DECLARE v_done TINYINT DEFAULT FALSE;
      DECLARE c_ids CURSOR FOR
        SELECT task_id FROM JSON_TABLE(v_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given;
      DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;
      -- One with an order number of these was created this moment: none is changed.
      DECLARE EXIT HANDLER FOR 1062
      BEGIN
        GET DIAGNOSTICS CONDITION 1 v_message = MESSAGE_TEXT;
        IF NOT {{ is_duplicate("v_message") }} THEN
          RESIGNAL;
        END IF;
        CALL {{ p }}begin_again();
        SET v_locked = '[]';
      END;

      IF v_ids IS NOT NULL AND in_action = 'retry' THEN
        -- R36: each alone, as the handler is to see an order number that is taken.
        OPEN c_ids;
        each_task: LOOP
          FETCH c_ids INTO v_task_id;
          IF v_done THEN
            LEAVE each_task;
          END IF;
          UPDATE {{ unrefused }} {{ p }}task AS task
          SET
            {{ retried("v_now") | indent(8) }}
          WHERE task_id = v_task_id;
        END LOOP;
        CLOSE c_ids;
        SET out_changed = JSON_LENGTH(v_ids);
      ELSEIF v_ids IS NOT NULL THEN
        {{ keep_attempts("SELECT
          task.task_id, task.attempts, task.started_at, v_now, IF(in_action = 'reject', 'rejected', 'cancelled'), NULL,
          IF(in_action = 'reject', LEFT(in_error, %d), NULL), NULL
        FROM JSON_TABLE(v_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
        STRAIGHT_JOIN %stask AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
        WHERE task.status = %d" % (limit.traceback, p, status.processing)) }};
        CALL {{ p }}forget_attempts(v_ids);
        {{ settled }} UPDATE {{ changed }}
        SET
          {{ given_up("IF(in_action = 'reject', %d, %d)" % (status.failed, status.cancelled), "v_now") | indent(6) }},
          task.last_error = IF(
            in_action = 'reject', COALESCE(LEFT(in_error, {{ limit.error }}), 'rejected by an operator'), task.last_error
          );
        SET out_changed = ROW_COUNT();
        CALL {{ p }}create_follow_ups(v_ids, v_now);
      END IF;
    END;

    SELECT out_changed AS changed;
    -- What is not among the locked ones is locked by others, or gone.
    SELECT task_id, attempt, error_number
    FROM {{ listed("v_locked") }} AS given
    WHERE error_number > 0
    UNION ALL
    SELECT task_id, attempt, error_number
    FROM {{ listed("v_taken") }} AS given
    UNION ALL
    SELECT
      others.task_id, others.attempt, IF(task.task_id IS NULL, {{ error.task_not_found }}, {{ error.task_busy }})
    FROM {{ rest("v_tasks", "v_locked") }} AS others
    LEFT JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = others.task_id
    LIMIT {{ limit.rows }} /* R28 */;
    {{ commit }};
  END;
END
