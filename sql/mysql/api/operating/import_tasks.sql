{%- macro bad_number(column, low, high, or_null=false) -%}
COALESCE(
            given.{{ column }} NOT REGEXP '\\A-?[0-9]{1,18}(\\.0{1,20})?\\z'
              OR CAST(given.{{ column }} AS SIGNED) NOT BETWEEN {{ low }} AND {{ high }},
            {{ "FALSE" if or_null else "TRUE" }}
          )
{%- endmacro -%}
{%- macro bad_name(column, length, or_null=false) -%}
COALESCE(NOT ({{ sound_text("given.%s" % column, length) }}), {{ "FALSE" if or_null else "TRUE" }})
{%- endmacro -%}
{%- set active_statuses = "%d, %d" % (status.waiting, status.processing) -%}
{%- set given_tasks -%}
(
        SELECT
          element, task_id, name, status, attempts, max_count, interval_seconds, delete_deadline, created, started, due,
          deadline, ended, order_no, error, queue, COALESCE(namespace, '{{ default.namespace }}') AS namespace,
          COALESCE(payload_string, payload) AS payload
        FROM JSON_TABLE(v_tasks, '$[*]' COLUMNS (
          element FOR ORDINALITY,
          task_id {{ text }} PATH '$.task_id',
          name {{ text }} PATH '$.name',
          queue {{ text }} PATH '$.queue',
          namespace {{ text }} PATH '$.namespace',
          status {{ text }} PATH '$.status',
          attempts {{ text }} PATH '$.attempts',
          max_count {{ text }} PATH '$.max_count',
          interval_seconds {{ text }} PATH '$.interval',
          delete_deadline {{ text }} PATH '$.delete_deadline',
          created {{ text }} PATH '$.created',
          started {{ text }} PATH '$.started',
          due {{ text }} PATH '$.due',
          deadline {{ text }} PATH '$.deadline',
          ended {{ text }} PATH '$.ended',
          order_no {{ text }} PATH '$.order_no',
          error {{ text }} PATH '$.error',
          payload_string {{ text }} PATH '$.payload',
          payload JSON PATH '$.payload'
        )) AS element
      )
{%- endset -%}
{%- set registered -%}
LEFT JOIN {{ p }}queue AS registered FORCE INDEX (name) /* R7 */
          ON registered.namespace = given.namespace
          AND registered.queue = given.queue
{%- endset -%}
{#- Each element with the task that is here, and what keeps it from being imported: an error and its text. -#}
{%- set checked_tasks -%}
(
        SELECT
          given.*, registered.queue_id, task.lane,
          CASE
            WHEN {{ bad_number("task_id", 1, limit.reserved) }} THEN
              '{{ error.invalid_argument }} task_id must be a whole number, 1 to {{ limit.reserved }}'
            WHEN COALESCE(given.status NOT IN ({{ status.values() | join(", ") }}), TRUE) THEN
              '{{ error.invalid_argument }} status must be one of {{ status.values() | join(", ") }}'
            WHEN task.task_id IS NOT NULL THEN
              IF(
                task.name = given.name AND task.queue_id = registered.queue_id
                  AND COALESCE(task.payload = given.payload, TRUE),
                NULL,
                '{{ error.invalid_argument }} another task has this id'
              )
            WHEN {{ bad_name("name", limit.name) }} THEN
              '{{ error.invalid_argument }} name {{ name_rule(limit.name) }}'
            WHEN {{ bad_name("queue", limit.queue) }} THEN
              '{{ error.invalid_argument }} queue {{ name_rule(limit.queue) }}'
            WHEN {{ bad_name("namespace", limit.namespace) }} THEN
              '{{ error.invalid_argument }} namespace {{ name_rule(limit.namespace) }}'
            WHEN {{ bad_name("order_no", limit.order_no, or_null=true) }} THEN
              '{{ error.invalid_argument }} order_no {{ name_rule(limit.order_no, "be a string of") }}'
            WHEN {{ bad_number("attempts", 0, limit.max_count) }} THEN
              '{{ error.invalid_argument }} attempts must be a whole number, 0 to {{ limit.max_count }}'
            WHEN {{ bad_number("max_count", 1, limit.max_count) }} THEN
              '{{ error.invalid_argument }} max_count must be a whole number, 1 to {{ limit.max_count }}'
            WHEN {{ bad_number("interval_seconds", 1, limit.seconds) }} THEN
              '{{ error.invalid_argument }} interval must be a whole number, 1 to {{ limit.seconds }} (seconds)'
            WHEN {{ bad_number("delete_deadline", 0, limit.seconds, or_null=true) }} THEN
              '{{ error.invalid_argument }} delete_deadline must be a whole number, 0 to {{ limit.seconds }} (seconds)'
            WHEN {{ bad_number("created", -limit.seconds, limit.seconds) }}
              OR {{ bad_number("deadline", -limit.seconds, limit.seconds) }}
              OR {{ bad_number("started", -limit.seconds, limit.seconds, or_null=true) }}
              OR {{ bad_number("due", -limit.seconds, limit.seconds, or_null=true) }}
              OR {{ bad_number("ended", -limit.seconds, limit.seconds, or_null=true) }} THEN
              '{{ error.invalid_argument }} times must be whole numbers, -{{ limit.seconds }} to {{ limit.seconds }} (seconds from now)'
            {{ payload_problems("given.payload") | indent(4) }}
            WHEN registered.queue_id IS NULL THEN
              '{{ error.queue_not_allowed }} queue {{ not_allowed }}'
          END AS problem,
          task.task_id IS NOT NULL AS is_here
        FROM {{ given_tasks }} AS given
        {{ registered }}
        LEFT JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */
          ON task.task_id = IF({{ bad_number("task_id", 1, limit.reserved) }}, 0, CAST(given.task_id AS SIGNED))
      )
{%- endset -%}
{#- Of tasks with one order number the oldest stays active, unless another one is active already. -#}
{%- set judged_tasks -%}
(
        SELECT
          judged.element, judged.task_id, judged.problem,
          CASE
            WHEN judged.problem IS NOT NULL THEN 'refused'
            WHEN judged.is_here THEN
              IF(judged.status = {{ status.finished }} AND judged.lane <> 0, 'finished', 'present')
            WHEN judged.status IN ({{ active_statuses }}) AND judged.order_no IS NOT NULL
              AND (judged.place > 1 OR active.task_id IS NOT NULL) THEN 'cancelled'
            ELSE 'imported'
          END AS outcome
        FROM (
          SELECT
            checked.*,
            ROW_NUMBER() OVER (
              PARTITION BY
                checked.problem IS NULL AND NOT checked.is_here AND checked.status IN ({{ active_statuses }}),
                LEFT(checked.order_no, {{ limit.order_no }}), LEFT(checked.name, {{ limit.name }}), checked.queue_id
              ORDER BY CAST(checked.task_id AS SIGNED)
            ) AS place
          FROM {{ checked_tasks }} AS checked
        ) AS judged
        LEFT JOIN {{ p }}task AS active FORCE INDEX (active_order) /* R6 */
          ON active.order_key = judged.order_no
          AND active.name = judged.name
          AND active.queue_id = judged.queue_id
          AND active.active = 1
      )
{%- endset -%}
{%- macro has_outcome(letter) -%}
SUBSTR(v_outcomes, element, 1) = '{{ letter }}'
{%- endmacro -%}
CREATE PROCEDURE {{ p }}import_tasks (
  IN in_tasks {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Imports tasks of another system with their ids, states and attempts, in one short transaction. Call reserve_ids with
  the largest id before. A task that is here already is left as it is, so that a call may be repeated; an element that
  is refused does not hinder the others.

  Parameters
    in_tasks      a JSON array of at most {{ limit.imported }} objects, {{ limit.new_tasks }} bytes together, no two with
                  one task_id. Keys, of which those in brackets may be absent or null:
                  task_id (1 to {{ limit.reserved }}), name, queue, [namespace], [order_no] and payload as for create_tasks;
                  status ({{ status.values() | join(", ") }}), attempts (made already, 0 to {{ limit.max_count }}),
                  max_count, interval and [delete_deadline] as for create_task;
                  created, [started] (the last attempt), [due] (null is now), deadline and [ended] (of a terminal task,
                  null is now): seconds from now, negative in the past;
                  [error]: its last error, of which {{ limit.error }} characters are kept
  Result
    one row for each element, in the order of the input: task_id (null if it is none), outcome, reason. outcome is
    imported;
    cancelled: imported as cancelled, since another task with its order number is active, of those of the call the oldest;
    present: the task is here already, with the same name, queue and namespace and, if one is given, payload;
    finished: it was here and active, and has been finished, since status says so;
    refused: nothing was done, and reason says why
  Errors
    invalid_argument, too_many_queues, transaction_open,
    invalid_payload (nested too deeply; else, as these, its text in the rows alone),
    queue_not_allowed, payload_too_large, reserved_key
  Transaction
    Commits by itself.
  */
  DECLARE v_now {{ instant }};
  DECLARE v_tasks JSON;
  DECLARE v_queues JSON;
  DECLARE v_outcomes LONGBLOB;
  DECLARE v_rows {{ text }};
  DECLARE v_race INT DEFAULT 0;
  DECLARE v_message {{ text }};
  DECLARE v_done TINYINT DEFAULT FALSE;

  {{ bytes_at_most("in_tasks", limit.new_tasks) }};
  BEGIN
    DECLARE EXIT HANDLER FOR {{ json_errors }}
      {{ raise("invalid_argument", "in_tasks must be a JSON array of objects, not nested too deeply") }};
    IF COALESCE(NOT JSON_VALID(in_tasks) OR JSON_TYPE(in_tasks) <> 'ARRAY', TRUE) THEN
      {{ raise("invalid_argument", "in_tasks must be a JSON array of objects") }};
    END IF;
    SET v_tasks = in_tasks;
  END;
  IF JSON_LENGTH(v_tasks) > {{ limit.imported }} THEN
    {{ raise("invalid_argument", "in_tasks must have at most %d elements" % limit.imported) }};
  END IF;
  IF {{ unreadable("in_tasks") }} THEN
    {{ raise("invalid_argument", "in_tasks must have characters of Unicode only") }};
  END IF;
  IF EXISTS (SELECT 1 FROM {{ given_tasks }} AS given GROUP BY task_id HAVING COUNT(task_id) > 1) THEN
    {{ raise("invalid_argument", "in_tasks must not have two elements with one task_id") }};
  END IF;

  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;
    DECLARE EXIT HANDLER FOR {{ json_errors }}
    BEGIN
      {{ rollback }};
      {{ raise("invalid_payload", "in_tasks has a payload that is nested too deeply") }};
    END;

    SET v_now = {{ now }};
    WHILE NOT v_done DO
      {{ settled }} SELECT JSON_ARRAYAGG(JSON_OBJECT('namespace', namespace, 'queue', queue))
      INTO v_queues
      FROM (
        SELECT DISTINCT given.namespace, given.queue
        FROM {{ given_tasks }} AS given
        {{ registered }}
        WHERE (registered.queue_id IS NULL OR registered.removed_at IS NOT NULL)
          AND NOT {{ bad_name("queue", limit.queue) }}
          AND NOT {{ bad_name("namespace", limit.namespace) }}
          AND (registered.queue_id IS NOT NULL OR {{ is_allowed("given.queue") }})
      ) AS missing;
      IF v_queues IS NOT NULL THEN
        CALL {{ p }}find_queues(v_queues);
      END IF;

      {{ settled }} SELECT {{ uncut }}
        GROUP_CONCAT(LEFT(outcome, 1) ORDER BY element SEPARATOR ''),
        JSON_ARRAYAGG(JSON_OBJECT(
          'element', element, 'task_id', IF(task_id REGEXP '\\A[0-9]{1,18}\\z', CAST(task_id AS SIGNED), NULL),
          'outcome', outcome, 'reason', SUBSTR(problem, 7)
        ))
      INTO v_outcomes, v_rows
      FROM {{ judged_tasks }} AS task;

      BEGIN
        -- Somebody has just imported a task of these, or created one with an order number of these.
        DECLARE EXIT HANDLER FOR 1062
        BEGIN
          GET DIAGNOSTICS CONDITION 1 v_message = MESSAGE_TEXT;
          SET v_race = v_race + 1;
          IF v_race > {{ limit.races }} OR NOT ({{ is_duplicate("v_message") }} OR LOCATE('PRIMARY', v_message) > 0) THEN
            RESIGNAL;
          END IF;
          CALL {{ p }}begin_again();
        END;
        {{ checked }} INSERT INTO {{ p }}task (
          task_id, lane, queue_id, status, attempts, max_count, interval_seconds, delete_deadline, created_at, started_at,
          deadline_at, ended_at, due_at, name, order_no, payload, last_error
        )
        SELECT
          task_id, IF(ended_at IS NULL, queue_id, 0), queue_id, status, attempts, max_count, interval_seconds,
          delete_deadline, v_now + INTERVAL created SECOND,
          COALESCE(v_now + INTERVAL started SECOND, {{ beginning_of_time }}),
          deadline_at, COALESCE(ended_at, {{ beginning_of_time }}),
          COALESCE(
            ended_at + INTERVAL IF(
              status = {{ status.finished }} OR delete_deadline > 0, delete_deadline, {{ default.keep_unfinished }}
            ) SECOND,
            LEAST(v_now + INTERVAL COALESCE(due, 0) SECOND, deadline_at)
          ),
          name, order_no, payload, last_error
        FROM (
          SELECT
            task_id, given.name, given.order_no, attempts, max_count, interval_seconds, created, started, due, payload,
            registered.queue_id,
            COALESCE(delete_deadline, {{ default.delete_deadline }}) AS delete_deadline,
            v_now + INTERVAL deadline SECOND AS deadline_at,
            IF({{ has_outcome("c") }}, {{ status.cancelled }}, status) AS status,
            CASE
              WHEN {{ has_outcome("c") }} THEN v_now
              WHEN status NOT IN ({{ active_statuses }}) THEN v_now + INTERVAL COALESCE(ended, 0) SECOND
            END AS ended_at,
            IF(
              {{ has_outcome("c") }}, 'imported while another task with its order number was active',
              LEFT(error, {{ limit.error }})
            ) AS last_error
          FROM {{ given_tasks }} AS given
          {{ registered }}
          WHERE {{ has_outcome("i") }} OR {{ has_outcome("c") }}
        ) AS imported
        ORDER BY CAST(task_id AS SIGNED);
        SET v_done = TRUE;
      END;
    END WHILE;

    {{ settled }} UPDATE (
      SELECT task_id
      FROM JSON_TABLE(v_rows, '$[*]' COLUMNS (
        task_id BIGINT PATH '$.task_id', outcome VARCHAR(9) {{ string }} PATH '$.outcome'
      )) AS element
      WHERE outcome = 'finished'
      ORDER BY task_id /* R4 */
      LIMIT {{ limit.imported }}
    ) AS given
    STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
    SET
      task.lane = 0,
      task.status = {{ status.finished }},
      task.ended_at = v_now,
      task.due_at = v_now + INTERVAL task.delete_deadline SECOND
    WHERE task.lane <> 0;

    SELECT task_id, outcome, reason
    FROM JSON_TABLE(v_rows, '$[*]' COLUMNS (
      element INT PATH '$.element',
      task_id BIGINT PATH '$.task_id',
      outcome VARCHAR(9) {{ string }} PATH '$.outcome',
      reason {{ text }} PATH '$.reason'
    )) AS imported
    ORDER BY element
    LIMIT {{ limit.imported }} /* R28 */;
    {{ commit }};
  END;
END
