{#- O10. What the columns of JSON_TABLE say of a key. Without ON ERROR and ON EMPTY, which the versions allow differently,
    a key that is missing and one that cannot be read are both NULL: EXISTS PATH tells them apart.
    [60] is 60, a missing key and [null] are NULL, everything else is no number that is allowed. -#}
{%- macro integer_of(column) -%}
CASE
        WHEN {{ column }}_there = 0 OR REGEXP_LIKE({{ column }}, '^\[ *null *\]$') THEN NULL
        WHEN REGEXP_LIKE({{ column }}, '^\[ *[0-9]{1,10}(\.0+)? *\]$') THEN TO_NUMBER(REGEXP_SUBSTR({{ column }}, '[0-9]+'))
        ELSE -1
      END
{%- endmacro -%}
{#- A blank is no name that is allowed. -#}
{%- macro text_of(column) -%}
CASE
        WHEN {{ column }}_there = 0 OR REGEXP_LIKE({{ column }}_given, '^\[ *null *\]$') THEN NULL
        WHEN REGEXP_LIKE({{ column }}_given, '^\[ *"') THEN COALESCE({{ column }}, ' ')
        ELSE ' '
      END
{%- endmacro -%}
{%- set known_keys = '{"name":null,"payload":null,"delay":null,"interval":null,"queue":null,"namespace":null,"order_no":null,"deadline":null,"delete_deadline":null,"max_count":null}' -%}
PROCEDURE create_tasks (
  in_tasks IN CLOB,
  out_rows OUT SYS_REFCURSOR
)
/*
Creates many tasks of both kinds in one statement: all of them, or none if one is refused.

Parameters
  in_tasks      a JSON array of at most {{ limit.rows }} objects, {{ limit.new_tasks }} bytes together, with the keys
                name, payload, interval, queue as for create_task,
                delay as for delay_task (a task without it is real-time),
                and the options of create_task.
                The payload is an object, or a string that holds one: a string keeps its text,
                and so its numbers to the last digit.
Result
  one row for each element, in the order of the input: task_id, created, pushable
Errors
  invalid_argument, unknown_option, invalid_payload, payload_too_large, reserved_key,
  queue_not_allowed, too_many_queues
  (the text names the first bad element, counted from 1)
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  CURSOR c_tasks IS
    SELECT
      element,
      CASE WHEN INSTR(whole, '{') = 1 THEN 1 ELSE 0 END,
      CASE WHEN INSTR(whole, '{') = 1 THEN
        TO_CHAR(SUBSTR(REGEXP_SUBSTR(JSON_MERGEPATCH(whole, '{{ known_keys }}' RETURNING CLOB), '"[^"]*"'), 1, 40)) /* O11 */
      END,
      name,
      COALESCE(payload_text, payload_object),
      {{ integer_of("delay") }},
      {{ integer_of("interval_seconds") }},
      given.queue,
      {{ text_of("given.namespace") }},
      {{ text_of("order_no") }},
      {{ integer_of("deadline") }},
      {{ integer_of("delete_deadline") }},
      {{ integer_of("max_count") }},
      registered.queue_id,
      CASE WHEN registered.queue_id IS NULL OR registered.removed_at IS NOT NULL THEN 1 ELSE 0 END,
      CASE WHEN registered.paused_at IS NULL THEN 0 ELSE 1 END,
      registered.direct
    FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
      element FOR ORDINALITY,
      whole CLOB FORMAT JSON PATH '$',
      name VARCHAR2({{ limit.name }} CHAR) PATH '$.name',
      payload_text CLOB PATH '$.payload',
      payload_object CLOB FORMAT JSON PATH '$.payload',
      delay VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$.delay',
      delay_there NUMBER EXISTS PATH '$.delay',
      interval_seconds VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$.interval',
      interval_seconds_there NUMBER EXISTS PATH '$.interval',
      queue VARCHAR2({{ limit.queue }} CHAR) PATH '$.queue',
      namespace VARCHAR2({{ limit.namespace }} CHAR) PATH '$.namespace',
      namespace_given VARCHAR2(1000) FORMAT JSON WITH WRAPPER PATH '$.namespace',
      namespace_there NUMBER EXISTS PATH '$.namespace',
      order_no VARCHAR2({{ limit.order_no }} CHAR) PATH '$."order_no"',
      order_no_given VARCHAR2(1000) FORMAT JSON WITH WRAPPER PATH '$."order_no"',
      order_no_there NUMBER EXISTS PATH '$."order_no"',
      deadline VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$.deadline',
      deadline_there NUMBER EXISTS PATH '$.deadline',
      delete_deadline VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$."delete_deadline"',
      delete_deadline_there NUMBER EXISTS PATH '$."delete_deadline"',
      max_count VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$."max_count"',
      max_count_there NUMBER EXISTS PATH '$."max_count"'
    )) given
    LEFT JOIN {{ p }}queue registered
      ON {{ same("registered.namespace", "COALESCE(given.namespace, '%s')" % default.namespace) }}
      AND {{ same("registered.queue", "given.queue") }}
    ORDER BY element;
  v_found NUMBER;
  v_new_queues NUMBER := 0;
  v_label VARCHAR2(100);
  v_tasks new_tasks;
  v_task new_task;
  v_ids ids;
  v_task_id NUMBER;
  v_created NUMBER;
  v_pushable NUMBER;
  v_rows {{ returned_rows }} := {{ returned_rows }}();
BEGIN
  {{ enter("create_tasks") }};
  {{ bytes_at_most("in_tasks", limit.new_tasks) }};
  SELECT COUNT(*)
  INTO v_found
  FROM dual
  WHERE {{ is_json("in_tasks", "[") }};
  IF v_found = 0 THEN
    {{ raise("invalid_argument", "in_tasks must be a JSON array of objects") }};
  END IF;
  OPEN c_tasks;
  FETCH c_tasks BULK COLLECT INTO v_tasks LIMIT {{ limit.rows + 1 }};
  CLOSE c_tasks;
  IF v_tasks.COUNT > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_tasks must have at most %d elements" % limit.rows) }};
  END IF;

  FOR i IN 1 .. v_tasks.COUNT LOOP
    v_task := v_tasks(i);
    v_label := 'in_tasks, element ' || i || ': ';
    IF v_task.is_object = 0 THEN
      {{ raise("invalid_argument", "it must be an object", "v_label || ") }};
    END IF;
    IF v_task.unknown_key IS NOT NULL THEN
      {{ raise("unknown_option", " is not a key of a task", "v_label || v_task.unknown_key || ") }};
    END IF;
    check_task(v_label, v_task.name, v_task.payload, v_task.interval_seconds, v_task.queue);
    IF {{ no_integer("v_task.delay", 0, limit.seconds) }} THEN
      {{ raise("invalid_argument", "delay must be a whole number, 0 to %d (seconds)" % limit.seconds, "v_label || ") }};
    END IF;
    check_options(
      v_label, v_task.namespace, v_task.order_no, v_task.deadline, v_task.delete_deadline, v_task.max_count
    );
    IF v_task.queue_id IS NULL AND NOT ({{ is_allowed("v_task.queue") }}) THEN
      {{ raise("queue_not_allowed", not_allowed, "v_label || ") }};
    END IF;
    v_new_queues := v_new_queues + v_task.is_new;
  END LOOP;

  BEGIN
    SAVEPOINT {{ p }}create_tasks; /* O6 */
    IF v_new_queues > 0 THEN
      find_queues(in_tasks);
      OPEN c_tasks;
      FETCH c_tasks BULK COLLECT INTO v_tasks;
      CLOSE c_tasks;
    END IF;

    -- Almost always none is a duplicate: then this is all.
    BEGIN
      SAVEPOINT {{ p }}create_plainly; /* O6 */
      FORALL i IN 1 .. v_tasks.COUNT
        INSERT INTO {{ p }}task (
          {{ new_task_columns }}
        )
        VALUES (
          {{ new_task_values("v_tasks(i).") }}
        )
        RETURNING task_id BULK COLLECT INTO v_ids;
    EXCEPTION
      WHEN DUP_VAL_ON_INDEX THEN
        ROLLBACK TO {{ p }}create_plainly;
        v_ids.DELETE;
        lock_active_tasks(v_tasks);
    END;

    FOR i IN 1 .. v_tasks.COUNT LOOP
      v_task := v_tasks(i);
      IF v_ids.COUNT > 0 THEN
        v_task_id := v_ids(i);
        v_created := 1;
      ELSE
        store_task(
          v_task.name, v_task.payload, v_task.delay, v_task.interval_seconds, v_task.queue_id, v_task.direct,
          v_task.order_no, v_task.deadline, v_task.delete_deadline, v_task.max_count,
          v_task_id, v_created
        );
      END IF;
      v_pushable := CASE WHEN v_created = 1 AND v_task.delay IS NULL AND v_task.paused = 0 AND v_task.direct = 0 THEN 1 ELSE 0 END;
      v_rows.EXTEND;
      v_rows(i) := '[' || i || ',' || v_task_id || ',' || v_created || ',' || v_pushable || ']';
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK TO {{ p }}create_tasks;
      RAISE;
  END;

  OPEN out_rows FOR
    SELECT task_id, created, pushable
    FROM TABLE(v_rows) given, JSON_TABLE(given.COLUMN_VALUE, '$' COLUMNS (
      element NUMBER PATH '$[0]',
      task_id NUMBER PATH '$[1]',
      created NUMBER PATH '$[2]',
      pushable NUMBER PATH '$[3]'
    ))
    ORDER BY element;
END create_tasks;
