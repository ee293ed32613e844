{#- O10. A key of the filter; an empty text would mean any. -#}
{%- macro check_text(key, variable) -%}
IF v_{{ key }}_there = 1 AND COALESCE(LENGTH({{ variable }}), 0) NOT BETWEEN 1 AND {{ limit.filter_text }} THEN
    {{ raise("invalid_argument", "in_filter: %s must be a text of 1 to %d characters" % (key, limit.filter_text)) }};
  END IF
{%- endmacro -%}
{%- macro text_of(key) -%}
CASE WHEN REGEXP_LIKE({{ key }}_given, '^\[ *"') THEN {{ key }} END
{%- endmacro -%}
{%- macro is_there(key) -%}
CASE WHEN {{ key }}_there = 0 OR REGEXP_LIKE({{ key }}_given, '^\[ *null *\]$') THEN 0 ELSE 1 END
{%- endmacro -%}
{%- set known_keys = '{"queue":null,"namespace":null,"name":null,"status":null,"age":null,"error":null}' -%}
{%- set codes = status.values() | join("|") -%}
PROCEDURE select_tasks (
  in_filter IN CLOB,
  in_after_id IN NUMBER,
  in_limit IN NUMBER,
  out_next_id OUT NUMBER,
  out_rows OUT SYS_REFCURSOR
)
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
IS
  v_now {{ instant }} := {{ now }};
  v_unknown_key VARCHAR2(4000);
  v_queue VARCHAR2(4000);
  v_queue_there NUMBER;
  v_namespace VARCHAR2(4000);
  v_namespace_there NUMBER;
  v_name VARCHAR2(4000);
  v_name_there NUMBER;
  v_part VARCHAR2(4000);
  v_error_there NUMBER;
  v_statuses VARCHAR2(100);
  v_status_there NUMBER;
  v_age_given VARCHAR2(100);
  v_age_there NUMBER;
  v_age NUMBER;
  v_last_id NUMBER;
  v_found NUMBER;
BEGIN
  {{ enter("select_tasks") }};
  {{ check_integer("in_limit", 1, limit.rows) }};
  IF in_after_id IS NULL OR in_after_id < 0 THEN
    {{ raise("invalid_argument", "in_after_id must be 0 or the id of a task") }};
  END IF;
  {{ bytes_at_most("in_filter", limit.filter) }};
  SELECT COUNT(*)
  INTO v_found
  FROM dual
  WHERE {{ is_json("in_filter", "{") }};
  IF v_found = 0 THEN
    {{ raise("invalid_argument", "in_filter must be a JSON object") }};
  END IF;

  SELECT
    TO_CHAR(SUBSTR(REGEXP_SUBSTR(JSON_MERGEPATCH(in_filter, '{{ known_keys }}' RETURNING CLOB), '"[^"]*"'), 1, 40)) /* O11 */,
    {{ text_of("queue") }}, {{ is_there("queue") }},
    {{ text_of("namespace") }}, {{ is_there("namespace") }},
    {{ text_of("name") }}, {{ is_there("name") }},
    {{ text_of("error") }}, {{ is_there("error") }},
    status_given, {{ is_there("status") }},
    age_given, {{ is_there("age") }}
  INTO
    v_unknown_key,
    v_queue, v_queue_there, v_namespace, v_namespace_there, v_name, v_name_there, v_part, v_error_there,
    v_statuses, v_status_there, v_age_given, v_age_there
  FROM JSON_TABLE(in_filter, '$' COLUMNS (
    queue VARCHAR2(4000) PATH '$.queue',
    queue_given VARCHAR2(4000) FORMAT JSON WITH WRAPPER PATH '$.queue',
    queue_there NUMBER EXISTS PATH '$.queue',
    namespace VARCHAR2(4000) PATH '$.namespace',
    namespace_given VARCHAR2(4000) FORMAT JSON WITH WRAPPER PATH '$.namespace',
    namespace_there NUMBER EXISTS PATH '$.namespace',
    name VARCHAR2(4000) PATH '$.name',
    name_given VARCHAR2(4000) FORMAT JSON WITH WRAPPER PATH '$.name',
    name_there NUMBER EXISTS PATH '$.name',
    error VARCHAR2(4000) PATH '$.error',
    error_given VARCHAR2(4000) FORMAT JSON WITH WRAPPER PATH '$.error',
    error_there NUMBER EXISTS PATH '$.error',
    status_given VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$.status',
    status_there NUMBER EXISTS PATH '$.status',
    age_given VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$.age',
    age_there NUMBER EXISTS PATH '$.age'
  ));
  IF v_unknown_key IS NOT NULL THEN
    {{ raise("unknown_option", " is not a key of a filter; these are: queue, namespace, name, status, age, error",
      "v_unknown_key || ") }};
  END IF;
  {{ check_text("queue", "v_queue") }};
  {{ check_text("namespace", "v_namespace") }};
  {{ check_text("name", "v_name") }};
  {{ check_text("error", "v_part") }};
  IF v_status_there = 1 THEN
    IF v_statuses IS NULL OR NOT REGEXP_LIKE(v_statuses, '^\[ *\[ *({{ codes }})( *, *({{ codes }}))* *\] *\]$') THEN
      {{ raise("invalid_argument", "in_filter: status must be a JSON array of %s" % (status.values() | join(", "))) }};
    END IF;
    v_statuses := ',' || REGEXP_REPLACE(v_statuses, '[^0-9,]', '') || ',';
  END IF;
  IF v_age_there = 1 THEN
    IF v_age_given IS NULL OR NOT REGEXP_LIKE(v_age_given, '^\[ *[0-9]{1,10}(\.0+)? *\]$') THEN
      v_age := -1;
    ELSE
      v_age := TO_NUMBER(REGEXP_SUBSTR(v_age_given, '[0-9]+'));
    END IF;
    IF {{ no_integer("v_age", 0, limit.seconds) }} THEN
      {{ raise("invalid_argument", "in_filter: age must be a whole number, 0 to %d (seconds)" % limit.seconds) }};
    END IF;
  END IF;

  SELECT MAX(task_id), COUNT(*)
  INTO v_last_id, v_found
  FROM (
    SELECT /*+ FIRST_ROWS(100) */ /* O5 */ task_id
    FROM {{ p }}task
    WHERE task_id > in_after_id
    ORDER BY task_id
    FETCH FIRST in_limit ROWS ONLY
  );
  out_next_id := CASE v_found WHEN in_limit THEN v_last_id END;

  OPEN out_rows FOR
    SELECT
      task.task_id, queue.namespace, queue.queue, task.name, task.status,
      TO_CHAR(SUBSTR(task.last_error, 1, {{ limit.excerpt }})) AS last_error
    FROM {{ p }}task task
    JOIN {{ p }}queue queue ON queue.queue_id = task.queue_id
    WHERE task.task_id > in_after_id
      AND task.task_id <= v_last_id
      AND (v_status_there = 0 OR INSTR(v_statuses, ',' || task.status || ',') > 0)
      AND (v_queue IS NULL OR {{ same("queue.queue", "v_queue") }})
      AND (v_namespace IS NULL OR {{ same("queue.namespace", "v_namespace") }})
      AND (v_name IS NULL OR {{ same("task.name", "v_name") }})
      AND (v_age_there = 0 OR CASE task.lane WHEN 0 THEN task.ended_at ELSE task.created_at END <= v_now - {{ seconds("v_age") }})
      AND (v_error_there = 0 OR INSTR(task.last_error, v_part) > 0)
    ORDER BY task.task_id;
END select_tasks;
