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
{%- set known_keys = '{"name":null,"payload":null,"delay":null,"interval":null,"queue":null,"namespace":null,"order_no":null,"deadline":null,"delete_deadline":null,"max_count":null,"on_failure":null}' -%}
PROCEDURE add_tasks (
  in_tasks IN CLOB,
  in_common IN CLOB,
  out_tasks OUT NOCOPY created_tasks
)
/*
Internal: create_tasks and create_task_ranges, which return what was made in their own ways.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_array CLOB;
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
      queue,
      {{ text_of("namespace") }},
      {{ text_of("order_no") }},
      {{ integer_of("deadline") }},
      {{ integer_of("delete_deadline") }},
      {{ integer_of("max_count") }},
      {{ text_of("on_failure") }},
      name_there || payload_there || delay_there || interval_seconds_there || queue_there
        || namespace_there || order_no_there || deadline_there || delete_deadline_there || max_count_there
        || on_failure_there,
      NULL,
      NULL,
      NULL
    FROM JSON_TABLE(v_array, '$[*]' COLUMNS (
      element FOR ORDINALITY,
      whole CLOB FORMAT JSON PATH '$',
      name VARCHAR2({{ limit.name }} CHAR) PATH '$.name',
      name_there NUMBER EXISTS PATH '$.name',
      payload_there NUMBER EXISTS PATH '$.payload',
      payload_text CLOB PATH '$.payload',
      payload_object CLOB FORMAT JSON PATH '$.payload',
      delay VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$.delay',
      delay_there NUMBER EXISTS PATH '$.delay',
      interval_seconds VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$.interval',
      interval_seconds_there NUMBER EXISTS PATH '$.interval',
      queue VARCHAR2({{ limit.queue }} CHAR) PATH '$.queue',
      queue_there NUMBER EXISTS PATH '$.queue',
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
      max_count_there NUMBER EXISTS PATH '$."max_count"',
      on_failure VARCHAR2({{ limit.queue }} CHAR) PATH '$."on_failure"',
      on_failure_given VARCHAR2(1000) FORMAT JSON WITH WRAPPER PATH '$."on_failure"',
      on_failure_there NUMBER EXISTS PATH '$."on_failure"'
    ));
  v_found NUMBER;
  v_label VARCHAR2(100);
  v_tasks new_tasks;
  v_task new_task;
  v_common new_task;
  v_before new_task;
  v_following_id NUMBER;
  v_paused NUMBER;
  v_direct NUMBER;
  v_missing CLOB;
  v_ids ids;
  v_task_id NUMBER;
  v_created NUMBER;
BEGIN
  {{ bytes_at_most("in_tasks", limit.new_tasks) }};
  SELECT COUNT(*)
  INTO v_found
  FROM dual
  WHERE {{ is_json("in_tasks", "[") }};
  IF v_found = 0 THEN
    {{ raise("invalid_argument", "in_tasks must be a JSON array of objects") }};
  END IF;
  IF in_common IS NOT NULL THEN
    {{ bytes_at_most("in_common", limit.common) }};
    SELECT COUNT(*)
    INTO v_found
    FROM dual
    WHERE {{ is_json("in_common", "{") }};
    IF v_found = 0 THEN
      {{ raise("invalid_argument", "in_common must be NULL or a JSON object") }};
    END IF;
    v_array := '[' || in_common || ']';
    OPEN c_tasks;
    FETCH c_tasks INTO v_common;
    CLOSE c_tasks;
  END IF;
  v_array := in_tasks;
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
    IF in_common IS NOT NULL THEN
      fill_common(v_common, v_task);
    END IF;
    IF v_task.unknown_key IS NOT NULL THEN
      {{ raise("unknown_option", " is not a key of a task", "v_label || v_task.unknown_key || ") }};
    END IF;
    check_task(v_label, v_task.name, v_task.payload, v_task.interval_seconds, v_task.queue);
    IF {{ no_integer("v_task.delay", 0, limit.seconds) }} THEN
      {{ raise("invalid_argument", "delay must be a whole number, 0 to %d (seconds)" % limit.seconds, "v_label || ") }};
    END IF;
    check_options(
      v_label, v_task.namespace, v_task.order_no, v_task.deadline, v_task.delete_deadline, v_task.max_count,
      v_task.on_failure
    );

    v_task.namespace := COALESCE(v_task.namespace, '{{ default.namespace }}');
    -- Most often all have the same queues.
    IF i > 1 AND {{ same("v_task.queue", "v_before.queue") }} AND {{ same("v_task.namespace", "v_before.namespace") }}
      AND {{ same("COALESCE(v_task.on_failure, ' ')", "COALESCE(v_before.on_failure, ' ')") }} THEN
      v_task.queue_id := v_before.queue_id;
      v_task.paused := v_before.paused;
      v_task.direct := v_before.direct;
    ELSE
      look_up_queue(v_task.namespace, v_task.queue, v_task.queue_id, v_task.paused, v_task.direct);
      IF v_task.queue_id IS NULL THEN
        add_missing(v_label || 'queue ', v_task.namespace, v_task.queue, v_missing);
      END IF;
      IF v_task.on_failure IS NOT NULL THEN
        look_up_queue(v_task.namespace, v_task.on_failure, v_following_id, v_paused, v_direct);
        IF v_following_id IS NULL THEN
          add_missing(v_label || 'on_failure ', v_task.namespace, v_task.on_failure, v_missing);
        END IF;
      END IF;
      v_before := v_task;
    END IF;
    v_tasks(i) := v_task;
  END LOOP;

  BEGIN
    SAVEPOINT {{ p }}create_tasks; /* O6 */
    IF v_missing IS NOT NULL THEN
      find_queues('[' || v_missing || ']');
      FOR i IN 1 .. v_tasks.COUNT LOOP
        IF v_tasks(i).queue_id IS NULL THEN
          v_task := v_tasks(i);
          look_up_queue(v_task.namespace, v_task.queue, v_task.queue_id, v_task.paused, v_task.direct);
          v_tasks(i) := v_task;
        END IF;
      END LOOP;
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
          v_task.order_no, v_task.deadline, v_task.delete_deadline, v_task.max_count, v_task.on_failure,
          v_task_id, v_created
        );
      END IF;
      out_tasks(i).element := i;
      out_tasks(i).task_id := v_task_id;
      out_tasks(i).created := v_created;
      out_tasks(i).pushable := CASE
        WHEN v_created = 1 AND v_task.delay IS NULL AND v_task.paused = 0 AND v_task.direct = 0 THEN 1
        ELSE 0
      END;
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK TO {{ p }}create_tasks;
      RAISE;
  END;
END add_tasks;
