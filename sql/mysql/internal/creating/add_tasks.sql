{#- The ids are in the order of the input; the odd batch is that of the delayed tasks. -#}
{%- set created -%}
SELECT
        task.task_id AS place,
        task.task_id,
        TRUE AS created,
        task.batch_id = v_batch_id AND registered.paused_at IS NULL AND NOT COALESCE(registered.direct, {{ default_direct }})
          AS pushable
      FROM {{ p }}task AS task
      LEFT JOIN {{ p }}queue AS registered ON registered.queue_id = task.queue_id
      WHERE task.task_id > v_last_id AND task.batch_id IN (v_batch_id, v_batch_id - 1)
{%- endset -%}
CREATE PROCEDURE {{ p }}add_tasks (
  IN in_tasks {{ text }},
  IN in_common {{ text }},
  IN in_ranges TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: create_tasks and create_task_ranges; in_ranges tells which one's rows are wanted.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_batch_id BIGINT DEFAULT -{{ new_batch_id }};
  DECLARE v_last_id BIGINT;
  DECLARE v_tasks JSON;
  DECLARE v_added TINYINT;
  DECLARE v_alike TINYINT DEFAULT FALSE;
  DECLARE v_own_transaction TINYINT DEFAULT FALSE;
  DECLARE v_removed INT;
  DECLARE v_zeros INT;
  DECLARE v_first_id BIGINT;
  DECLARE v_count INT;
  DECLARE v_name VARCHAR({{ limit.name }}) {{ string }};
  DECLARE v_delay INT;
  DECLARE v_interval INT;
  DECLARE v_deadline INT;
  DECLARE v_delete_deadline INT;
  DECLARE v_max_count INT;
  DECLARE v_on_failure VARCHAR({{ limit.queue }}) {{ string }};
  DECLARE v_queue_id INT;
  DECLARE v_direct TINYINT;
  DECLARE v_directs {{ text }};
  DECLARE v_real_time TINYINT;
  DECLARE v_one TINYINT;
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();
  {{ roll_back_own }};

  {{ bytes_at_most("in_tasks", limit.new_tasks) }};
  BEGIN
    DECLARE EXIT HANDLER FOR {{ json_errors }}
      {{ raise("invalid_argument", "in_tasks must be a JSON array of objects, not nested too deeply") }};
    SET v_tasks = in_tasks;
    -- Each function of MariaDB's reads the whole text: the length, which is NULL for what is no JSON, says it all.
    IF COALESCE(JSON_LENGTH(v_tasks) > {{ limit.rows }}, TRUE)
      OR (LEFT(in_tasks, 1) <> '[' AND COALESCE(JSON_TYPE(v_tasks) <> 'ARRAY', TRUE)) THEN
      IF JSON_VALID(v_tasks) AND JSON_TYPE(v_tasks) = 'ARRAY' THEN
        {{ raise("invalid_argument", "in_tasks must have at most %d elements" % limit.rows) }};
      END IF;
      {{ raise("invalid_argument", "in_tasks must be a JSON array of objects") }};
    END IF;
  END;
  IF {{ unreadable("in_tasks") }} THEN
    {{ raise("invalid_argument", "in_tasks must have characters of Unicode only") }};
  END IF;
  IF in_common IS NOT NULL THEN
    CALL {{ p }}read_common(
      in_common, v_name, v_delay, v_interval, v_deadline, v_delete_deadline, v_max_count, v_on_failure, v_queue_id,
      v_direct
    );
    -- R20: a queue that is seen may vanish.
    SET v_alike = v_queue_id IS NOT NULL AND NOT {{ reads_dirty }};
    IF NOT v_alike THEN
      CALL {{ p }}merge_common(v_tasks, in_common);
    END IF;
  END IF;
  CALL {{ p }}check_session();
  CALL {{ p }}find_own_transaction(v_own_transaction);
  IF v_own_transaction THEN
    START TRANSACTION;
  END IF;
  SELECT COALESCE(MAX(task_id), 0) INTO v_last_id FROM {{ p }}task;

  -- R18: in the caller's transaction an INSERT that is refused would lock the end of the table until it ends.
  SET v_added = v_own_transaction;
  IF v_alike THEN
    IF NOT v_added THEN
      SELECT COUNT(*) = 0
      INTO v_added
      FROM JSON_TABLE(v_tasks, '$[*]' COLUMNS (
        order_no VARCHAR({{ limit.order_no }}) {{ string }} PATH '$.order_no'
      )) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (active_order) /* R6 */
        ON task.order_key = given.order_no
        AND task.name = v_name
        AND task.queue_id = v_queue_id
        AND task.active = 1;
    END IF;
  ELSE
    IF NOT v_added THEN
      IF {{ reads_dirty }} THEN
        -- Waits until it is known whether the queues stay registered, as find_queue does.
        SELECT COUNT(*)
        INTO v_removed
        FROM {{ named_queues("v_tasks") }} AS given
        STRAIGHT_JOIN {{ p }}queue AS registered FORCE INDEX (name) /* R7 */
          ON registered.namespace = given.namespace
          AND registered.queue = given.queue
        LOCK IN SHARE MODE /* R20 */;
      END IF;
      SELECT COUNT(*) = 0
      INTO v_added
      FROM {{ elements("v_tasks") }} AS given
      STRAIGHT_JOIN {{ p }}queue AS registered /* R3 */
        ON registered.namespace = COALESCE(given.namespace, '{{ default.namespace }}')
        AND registered.queue = given.queue
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (active_order) /* R6 */
        ON task.order_key = given.order_no
        AND task.name = given.name
        AND task.queue_id = registered.queue_id
        AND task.active = 1;
    END IF;

    -- By a plain read, as the INSERT would lock what it reads of a queue's row.
    {{ settled }} SELECT {{ uncut }} COUNT(removed_at), {{ direct_queues }}
    INTO v_removed, v_directs
    FROM {{ p }}queue;
    IF v_removed > 0 AND v_added THEN
      SELECT COUNT(*) = 0
      INTO v_added
      FROM {{ named_queues("v_tasks") }} AS given
      STRAIGHT_JOIN {{ p }}queue AS registered FORCE INDEX (name) /* R7 */
        ON registered.namespace = given.namespace
        AND registered.queue = given.queue
      WHERE registered.removed_at IS NOT NULL;
    END IF;
  END IF;

  -- Almost always all elements are sound, their queues are known and none is a duplicate: then this is all. Else the
  -- INSERT fails, and add_rest handles each element. No CALL comes before: a replacement of the procedure that it
  -- names, and the transaction that has begun, would wait for each other.
  IF v_added THEN BEGIN
    DECLARE EXIT HANDLER FOR {{ unsound }} SET v_added = FALSE;
    IF v_alike THEN
      -- R34: in the order of the input, and not sorted.
      {{ checked }} INSERT INTO {{ p }}task (
        {{ new_task_columns }}
      )
      SELECT
        {{ new_task_values("v_batch_id", "v_now", "sound", payload_given) }}
      FROM (
        SELECT
          given.*,
          v_queue_id AS queue_id,
          v_direct AS direct,
          v_name AS name,
          v_delay AS delay,
          v_interval AS interval_seconds,
          v_deadline AS deadline,
          v_delete_deadline AS delete_deadline,
          v_max_count AS max_count,
          v_on_failure AS on_failure,
          JSON_LENGTH(task) = {{ own_count }}
            AND {{ own_sound }} AS sound
        FROM (
          -- An object is rare as a payload: it is looked for if there is no text.
          SELECT element.*, JSON_EXTRACT(task, '$.payload') AS payload
          FROM JSON_TABLE(v_tasks, '$[*]' COLUMNS (
            task JSON PATH '$',
            {{ own_keys }}
          )) AS element
        ) AS given
      ) AS checked;
    ELSE
      {{ checked }} INSERT INTO {{ p }}task (
        {{ new_task_columns }}
      )
      SELECT
        {{ new_task_values("v_batch_id", "v_now", "sound", payload_given) }}
      FROM (
        SELECT
          given.*,
          {{ shared_values }},
          registered.queue_id, FIND_IN_SET(registered.queue_id, v_directs) > 0 AS direct,
          JSON_LENGTH(task) = {{ shared_count }}
            + {{ own_count }}
            AND {{ shared_sound }}
            AND {{ own_sound }} AS sound
        FROM JSON_TABLE(v_tasks, '$[*]' COLUMNS (
          element FOR ORDINALITY,
          task JSON PATH '$',
          {{ shared_keys }},
          {{ own_keys }},
          payload JSON PATH '$.payload'
        )) AS given
        LEFT JOIN {{ p }}queue AS registered FORCE INDEX (name) /* R7 */
          ON registered.namespace = COALESCE(JSON_UNQUOTE(namespace_given), '{{ default.namespace }}')
          AND registered.queue = given.queue
        LEFT JOIN {{ p }}queue AS following FORCE INDEX (name) /* R7 */
          ON following.namespace = COALESCE(JSON_UNQUOTE(namespace_given), '{{ default.namespace }}')
          AND following.queue = JSON_UNQUOTE(on_failure_given)
      ) AS checked
      ORDER BY element;
    END IF;
    SELECT COUNT(*) INTO v_zeros FROM {{ p }}task WHERE task_id = 0;
    IF v_zeros > 0 THEN
      CALL {{ p }}forget_zeros(v_batch_id, v_zeros);
      SET v_added = v_zeros = 0;
    END IF;
  END; END IF;

  IF NOT v_added THEN
    IF v_own_transaction THEN
      CALL {{ p }}begin_again();
    END IF;
    IF v_alike THEN
      CALL {{ p }}merge_common(v_tasks, in_common);
    END IF;
    CALL {{ p }}add_rest(v_tasks, v_batch_id, v_now, v_last_id, v_own_transaction, in_ranges);
  ELSEIF in_ranges THEN
    -- Most often they are one range.
    SELECT
      MIN(task_id), COUNT(*), MIN(queue_id), MIN(batch_id) = v_batch_id,
      MAX(task_id) - MIN(task_id) = (COUNT(*) - 1) * @@auto_increment_increment
        AND MIN(queue_id) = MAX(queue_id) AND MIN(batch_id) = MAX(batch_id)
    INTO v_first_id, v_count, v_queue_id, v_real_time, v_one
    FROM {{ p }}task
    WHERE task_id > v_last_id AND batch_id IN (v_batch_id, v_batch_id - 1);
    IF v_one THEN
      SELECT
        v_first_id AS task_id,
        @@auto_increment_increment AS step,
        v_count AS tasks,
        TRUE AS created,
        v_real_time AND paused_at IS NULL AND NOT direct AS pushable
      FROM {{ p }}queue
      WHERE queue_id = v_queue_id;
    ELSE
      {{ ranges(created) }};
    END IF;
  ELSE
    SELECT task_id, created, pushable
    FROM (
      {{ created }}
    ) AS made
    ORDER BY place;
  END IF;

  {{ commit_own }};
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id) /* R21 */;
END
