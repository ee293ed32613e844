{#- A key of the filter; an empty text would mean any on Oracle. -#}
{%- macro read_text(key) -%}
SET v_value = JSON_EXTRACT(in_filter, '$.{{ key }}');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) <> 'STRING' OR CHAR_LENGTH(JSON_UNQUOTE(v_value)) NOT BETWEEN 1 AND {{ limit.filter_text }} THEN
      {{ raise("invalid_argument", "in_filter: %s must be a text of 1 to %d characters" % (key, limit.filter_text)) }};
    END IF;
    SET v_{{ key }} = JSON_UNQUOTE(v_value);
  END IF
{%- endmacro -%}
CREATE PROCEDURE {{ p }}select_tasks (
  IN in_filter {{ text }},
  IN in_after_id BIGINT,
  IN in_limit BIGINT,
  OUT out_next_id BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Selects tasks by a filter, in steps along their ids, each of which is short however many tasks there are. For calls
  that change many: change_tasks takes the ids.

  Parameters
    in_filter     a JSON object of at most {{ limit.filter }} bytes; a key that is absent or null is any:
                  queue, namespace, name: of the task, as a whole
                  status: a JSON array of {{ status.finished }} finished, {{ status.waiting }} waiting,
                  {{ status.processing }} processing, {{ status.cancelled }} cancelled, {{ status.failed }} failed
                  age: seconds since it has ended or, if it is active, since its creation, at least;
                  0 to {{ limit.seconds }}
                  error: a part of its last error; texts have 1 to {{ limit.filter_text }} characters
    in_after_id   looks at tasks with higher ids only; 0 begins
    in_limit      most tasks to look at, 1 to {{ limit.rows }}
  Result
    out_next_id   in_after_id of the next step; NULL if this was the last
    rows          of those that fit: task_id, namespace, queue, name, status, last_error (its first
                  {{ limit.excerpt }} characters), in the order of the ids
  Errors
    invalid_argument, unknown_option
  Transaction
    Joins the caller's.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_value {{ text }};
  DECLARE v_message VARCHAR(128) {{ string }};
  DECLARE v_queue {{ text }};
  DECLARE v_namespace {{ text }};
  DECLARE v_name {{ text }};
  DECLARE v_error {{ text }};
  DECLARE v_statuses {{ text }};
  DECLARE v_age BIGINT;
  DECLARE v_last_id BIGINT;
  DECLARE v_found INT;
  DECLARE EXIT HANDLER FOR {{ json_errors }}
    {{ raise("invalid_argument", "in_filter is nested too deeply") }};

  {{ check_integer("in_limit", 1, limit.rows) }};
  IF in_after_id IS NULL OR in_after_id < 0 THEN
    {{ raise("invalid_argument", "in_after_id must be 0 or the id of a task") }};
  END IF;
  {{ bytes_at_most("in_filter", limit.filter) }};
  IF COALESCE(NOT JSON_VALID(in_filter) OR JSON_TYPE(in_filter) <> 'OBJECT', TRUE) THEN
    {{ raise("invalid_argument", "in_filter must be a JSON object") }};
  END IF;
  IF {{ unreadable("in_filter") }} THEN
    {{ raise("invalid_argument", "in_filter must have characters of Unicode only") }};
  END IF;
  SET v_value = JSON_REMOVE(in_filter, '$.queue', '$.namespace', '$.name', '$.status', '$.age', '$.error');
  IF JSON_LENGTH(v_value) > 0 THEN
    SET v_message = CONCAT(
      {{ first_key("v_value") }},
      ' is not a key of a filter; these are: queue, namespace, name, status, age, error'
    );
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {{ error.unknown_option }}, MESSAGE_TEXT = v_message;
  END IF;

  {{ read_text("queue") }};
  {{ read_text("namespace") }};
  {{ read_text("name") }};
  {{ read_text("error") }};
  SET v_value = JSON_EXTRACT(in_filter, '$.status');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF v_value NOT REGEXP '\\A\\[ *({{ status.values() | join("|") }})( *, *({{ status.values() | join("|") }}))* *\\]\\z' THEN
      {{ raise("invalid_argument", "in_filter: status must be a JSON array of %s" % (status.values() | join(", "))) }};
    END IF;
    SET v_statuses = REPLACE(SUBSTR(v_value, 2, CHAR_LENGTH(v_value) - 2), ' ', '');
  END IF;
  {{ number_option("age", 0, limit.seconds, " (seconds)", "in_filter", "v_") }};

  SELECT MAX(task_id), COUNT(*)
  INTO v_last_id, v_found
  FROM (
    SELECT task_id
    FROM {{ p }}task FORCE INDEX (PRIMARY) /* R9 */
    WHERE task_id > in_after_id
    ORDER BY task_id
    LIMIT in_limit
  ) AS looked_at;
  SET out_next_id = IF(v_found = in_limit, v_last_id, NULL);
  SELECT out_next_id AS next_id;

  SELECT
    task.task_id, queue.namespace, queue.queue, task.name, task.status,
    LEFT(task.last_error, {{ limit.excerpt }}) AS last_error
  FROM {{ p }}task AS task FORCE INDEX (PRIMARY) /* R9 */
  STRAIGHT_JOIN {{ p }}queue AS queue FORCE INDEX (PRIMARY) /* R9 */ ON queue.queue_id = task.queue_id
  WHERE task.task_id > in_after_id
    AND task.task_id <= v_last_id
    AND (v_statuses IS NULL OR FIND_IN_SET(task.status, v_statuses) > 0)
    AND (v_queue IS NULL OR queue.queue = v_queue)
    AND (v_namespace IS NULL OR queue.namespace = v_namespace)
    AND (v_name IS NULL OR task.name = v_name)
    AND (v_age IS NULL OR IF(task.lane = 0, task.ended_at, task.created_at) <= v_now - INTERVAL v_age SECOND)
    AND (v_error IS NULL OR LOCATE(v_error, task.last_error) > 0)
  ORDER BY task.task_id
  LIMIT {{ limit.rows }} /* R28 */;
END
