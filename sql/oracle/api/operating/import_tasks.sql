{#- O10. [60] is 60, a missing key and [null] are NULL, everything else is no number that is allowed. -#}
{%- macro integer_of(column) -%}
CASE
        WHEN {{ column }}_there = 0 OR REGEXP_LIKE({{ column }}, '^\[ *null *\]$') THEN NULL
        WHEN REGEXP_LIKE({{ column }}, '^\[ *"?-?[0-9]{1,18}(\.0+)?"? *\]$') THEN TO_NUMBER(REGEXP_SUBSTR({{ column }}, '-?[0-9]+'))
        ELSE {{ limit.reserved + 1 }}
      END
{%- endmacro -%}
{%- macro number_column(key, column="") -%}
{{ column or key }} VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$."{{ key }}"',
      {{ column or key }}_there NUMBER EXISTS PATH '$."{{ key }}"'
{%- endmacro -%}
{#- A blank is no name that is allowed. -#}
{%- macro text_of(column) -%}
CASE
        WHEN {{ column }}_there = 0 OR REGEXP_LIKE({{ column }}_given, '^\[ *null *\]$') THEN NULL
        ELSE COALESCE({{ column }}, ' ')
      END
{%- endmacro -%}
PROCEDURE import_tasks (
  in_tasks IN CLOB,
  out_rows OUT SYS_REFCURSOR
)
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
IS
  v_now {{ instant }};
  v_found NUMBER;
  v_tasks imported_tasks;
  v_task imported_task;
  v_outcome VARCHAR2(4000);
  v_reason VARCHAR2(1000 CHAR);
  v_rows {{ returned_rows }} := {{ returned_rows }}();
  CURSOR c_tasks IS
    SELECT
      element,
      {{ integer_of("task_id") }} AS given_id,
      name,
      queue,
      COALESCE({{ text_of("namespace") }}, '{{ default.namespace }}'),
      {{ integer_of("status") }},
      {{ integer_of("attempts") }},
      {{ integer_of("max_count") }},
      {{ integer_of("interval_seconds") }},
      {{ integer_of("delete_deadline") }},
      {{ integer_of("created") }},
      {{ integer_of("started") }},
      {{ integer_of("due") }},
      {{ integer_of("deadline") }},
      {{ integer_of("ended") }},
      {{ text_of("order_no") }},
      error,
      COALESCE(payload_text, payload_object)
    FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
      element FOR ORDINALITY,
      {{ number_column("task_id") }},
      name VARCHAR2({{ limit.name }} CHAR) PATH '$.name',
      queue VARCHAR2({{ limit.queue }} CHAR) PATH '$.queue',
      namespace VARCHAR2({{ limit.namespace }} CHAR) PATH '$.namespace',
      namespace_given VARCHAR2(1000) FORMAT JSON WITH WRAPPER PATH '$.namespace',
      namespace_there NUMBER EXISTS PATH '$.namespace',
      {{ number_column("status") }},
      {{ number_column("attempts") }},
      {{ number_column("max_count") }},
      {{ number_column("interval", "interval_seconds") }},
      {{ number_column("delete_deadline") }},
      {{ number_column("created") }},
      {{ number_column("started") }},
      {{ number_column("due") }},
      {{ number_column("deadline") }},
      {{ number_column("ended") }},
      order_no VARCHAR2({{ limit.order_no }} CHAR) PATH '$."order_no"',
      order_no_given VARCHAR2(1000) FORMAT JSON WITH WRAPPER PATH '$."order_no"',
      order_no_there NUMBER EXISTS PATH '$."order_no"',
      error CLOB PATH '$.error',
      payload_text CLOB PATH '$.payload',
      payload_object CLOB FORMAT JSON PATH '$.payload'
    ))
    ORDER BY given_id;
BEGIN
  {{ enter("import_tasks") }};
  {{ bytes_at_most("in_tasks", limit.new_tasks) }};
  SELECT COUNT(*)
  INTO v_found
  FROM dual
  WHERE {{ is_json("in_tasks", "[") }};
  IF v_found = 0 THEN
    {{ raise("invalid_argument", "in_tasks must be a JSON array of objects") }};
  END IF;
  OPEN c_tasks;
  FETCH c_tasks BULK COLLECT INTO v_tasks LIMIT {{ limit.imported + 1 }};
  CLOSE c_tasks;
  IF v_tasks.COUNT > {{ limit.imported }} THEN
    {{ raise("invalid_argument", "in_tasks must have at most %d elements" % limit.imported) }};
  END IF;
  FOR i IN 2 .. v_tasks.COUNT LOOP
    IF v_tasks(i).task_id = v_tasks(i - 1).task_id AND v_tasks(i).task_id <= {{ limit.reserved }} THEN
      {{ raise("invalid_argument", "in_tasks must not have two elements with one task_id") }};
    END IF;
  END LOOP;

  begin_work;
  v_now := {{ now }};
  BEGIN
    FOR i IN 1 .. v_tasks.COUNT LOOP
      v_task := v_tasks(i);
      v_outcome := NULL;
      v_reason := NULL;
      BEGIN
        import_one(v_task, v_now, v_outcome);
      EXCEPTION
        -- The text begins with ORA and the number.
        WHEN invalid_argument OR invalid_payload OR payload_too_large OR reserved_key OR queue_not_allowed THEN
          v_outcome := 'refused';
          v_reason := REGEXP_SUBSTR(SUBSTR(SQLERRM, 12), '[^' || CHR(10) || ']+');
      END;
      v_rows.EXTEND;
      v_rows(v_rows.COUNT) := '[' || v_task.element || ',' || CASE WHEN v_task.task_id <= {{ limit.reserved }} THEN TO_CHAR(v_task.task_id) ELSE 'null' END
        || ',"' || v_outcome || '",' || CASE WHEN v_reason IS NULL THEN 'null' ELSE '"' || v_reason || '"' END || ']';
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;

  OPEN out_rows FOR
    SELECT task_id, outcome, reason
    FROM TABLE(v_rows) given, JSON_TABLE(given.COLUMN_VALUE, '$' COLUMNS (
      element NUMBER PATH '$[0]',
      task_id NUMBER PATH '$[1]',
      outcome VARCHAR2(9 CHAR) PATH '$[2]',
      reason VARCHAR2(1000 CHAR) PATH '$[3]'
    ))
    ORDER BY element;
END import_tasks;
