{#- For every template: new tasks. -#}

{#- Whether a payload has a key that messages add. MariaDB compares keys as they are written, and \\u0074ask_id is task_id,
    too: if there are escapes of ASCII, a copy is looked at in which none stands for a letter of the two. Without
    JSON_KEYS, for which MariaDB compares each key with each. -#}
{%- macro has_reserved_key(payload, as_text) -%}
(
            JSON_CONTAINS_PATH({{ payload }}, 'one', '$.task_id', '$.task_attempt')
            OR (LOCATE('\\u00', {{ as_text }}) > 0 AND JSON_CONTAINS_PATH(
              REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
                {{ as_text }}, '\\\\', '\\/'), '\\u0074', 't'), '\\u0061', 'a'), '\\u0073', 's'),
                '\\u006b', 'k'), '\\u006B', 'k'), '\\u005f', '_'), '\\u005F', '_'), '\\u0069', 'i'), '\\u0064', 'd'),
                '\\u0065', 'e'), '\\u006d', 'm'), '\\u006D', 'm'), '\\u0070', 'p'
              ), 'one', '$.task_id', '$.task_attempt'
            ))
          )
{%- endmacro -%}

{#- The first key of an object that has one. Without JSON_KEYS, for the same reason. -#}
{%- macro first_key(object) -%}
LEFT(REGEXP_SUBSTR(LEFT({{ object }}, 400), '"([^"\\\\]|\\\\.)*"?'), 40)
{%- endmacro -%}

{#- The elements of a variable as create_tasks stores them, once check_new_tasks has passed them. The leader of an
    element is the first one with the same order number; one without an order number leads itself. MariaDB takes the
    square of the time for MIN(element). -#}
{%- macro new_tasks(variable) %}
      SELECT
        found.*, queue.queue_id,
        FIRST_VALUE(element) OVER (
          PARTITION BY
            order_no, IF(order_no IS NULL, element, 0), name, queue.queue_id
          ORDER BY element
        ) AS leader
      FROM {{ elements(variable) }} AS found
      STRAIGHT_JOIN {{ p }}queue AS queue FORCE INDEX (name) /* R7 */
        ON queue.namespace = COALESCE(found.namespace, '{{ default.namespace }}')
        AND queue.queue = found.queue
    {% endmacro -%}
{%- macro elements(variable) %}JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        name VARCHAR({{ limit.name }}) {{ string }} PATH '$.name',
        payload JSON PATH '$.payload',
        delay INT PATH '$.delay',
        interval_seconds INT PATH '$.interval',
        queue VARCHAR({{ limit.queue }}) {{ string }} PATH '$.queue',
        namespace VARCHAR({{ limit.namespace }}) {{ string }} PATH '$.namespace',
        order_no VARCHAR({{ limit.order_no }}) {{ string }} PATH '$.order_no',
        deadline INT PATH '$.deadline',
        delete_deadline INT PATH '$.delete_deadline',
        max_count INT PATH '$.max_count',
        on_failure VARCHAR({{ limit.queue }}) {{ string }} PATH '$.on_failure'
      )){% endmacro -%}

{#- The queues that the elements of a variable name, each once: their own and those of on_failure. -#}
{%- macro named(variable, key) -%}
SELECT COALESCE(namespace, '{{ default.namespace }}') AS namespace, queue
      FROM JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
        namespace VARCHAR({{ limit.namespace }}) {{ string }} PATH '$.namespace',
        queue VARCHAR({{ limit.queue }}) {{ string }} PATH '$.{{ key }}'
      )) AS element
      WHERE queue IS NOT NULL
{%- endmacro -%}
{%- macro named_queues(variable) %}(
      {{ named(variable, "queue") }}
      UNION
      {{ named(variable, "on_failure") }}
    ){% endmacro -%}

{#- A payload's text: that of a string, else that of the object. -#}
{%- set payload_text = "IF(JSON_TYPE(payload) = 'STRING', JSON_UNQUOTE(payload), payload)" -%}

{#- The numbers of the direct queues, out of the table queue: by a plain read, as an INSERT would lock the rows of the
    queues that it reads (R7). -#}
{%- set direct_queues = "GROUP_CONCAT(IF(direct, queue_id, NULL) SEPARATOR ',')" -%}

{#- What a payload must not be, as cases: the number of the error and its text. -#}
{%- macro payload_problems(payload) -%}
WHEN LENGTH({{ payload }}) > {{ payload_limit }} THEN
          '{{ error.payload_too_large }} payload must have at most {{ payload_limit }} bytes'
        WHEN {{ payload }} IS NULL OR NOT JSON_VALID({{ payload }})
          OR JSON_TYPE({{ payload }}) <> 'OBJECT'
          OR LOCATE({{ nul }}, {{ payload }}) > 0 THEN
          '{{ error.invalid_payload }} payload must be a JSON object'
        WHEN {{ has_reserved_key(payload, payload) }} THEN
          '{{ error.reserved_key }} payload must not have the keys task_id and task_attempt'
{%- endmacro -%}

{#- The columns that bulk calls fill, and what they fill them with. -#}
{%- set new_task_columns = "lane, queue_id, status, name, order_no, payload, interval_seconds, delete_deadline,
      max_count, batch_id, created_at, deadline_at, due_at, on_failure" -%}
{%- macro new_task_values(batch_id, now, sound, payload) -%}
queue_id, queue_id, IF({{ sound }}, {{ status.waiting }}, NULL), name, order_no,
      {{ payload }},
      interval_seconds,
      COALESCE(delete_deadline, {{ default.delete_deadline }}),
      COALESCE(max_count, {{ default.max_count }}),
      IF(delay IS NULL, {{ batch_id }}, {{ batch_id }} - 1),
      {{ now }},
      {{ now }} + INTERVAL COALESCE(deadline, {{ default.deadline }}) SECOND,
      {{ now }} + INTERVAL LEAST(
        COALESCE(delay, IF(direct, 0, {{ push_grace }})), COALESCE(deadline, {{ default.deadline }})
      ) SECOND,
      on_failure
{%- endmacro -%}

{#- What create_tasks stores at once: the keys that a task shares with others and those of its own, as columns of
    JSON_TABLE, how many of them are there, and whether they are sound. -#}
{%- macro sound_integer(given, low, high) -%}
({{ given }} IS NULL OR (JSON_TYPE({{ given }}) LIKE '%INTEGER' AND {{ given }} BETWEEN {{ low }} AND {{ high }}))
{%- endmacro -%}
{%- macro sound_text(value, length) -%}
CHAR_LENGTH({{ value }}) BETWEEN 1 AND {{ length }} AND ' ' NOT IN (LEFT({{ value }}, 1), RIGHT({{ value }}, 1))
{%- endmacro -%}
{%- set shared_keys -%}
name {{ text }} PATH '$.name',
        queue {{ text }} PATH '$.queue',
        delay_given JSON PATH '$.delay',
        interval_seconds_given JSON PATH '$.interval',
        namespace_given JSON PATH '$.namespace',
        deadline_given JSON PATH '$.deadline',
        delete_deadline_given JSON PATH '$.delete_deadline',
        max_count_given JSON PATH '$.max_count',
        on_failure_given JSON PATH '$.on_failure'
{%- endset -%}
{%- set shared_values -%}
CAST(delay_given AS SIGNED) AS delay,
        CAST(interval_seconds_given AS SIGNED) AS interval_seconds,
        CAST(deadline_given AS SIGNED) AS deadline,
        CAST(delete_deadline_given AS SIGNED) AS delete_deadline,
        CAST(max_count_given AS SIGNED) AS max_count,
        JSON_UNQUOTE(on_failure_given) AS on_failure
{%- endset -%}
{%- set shared_count -%}
(name IS NOT NULL) + (given.queue IS NOT NULL) + (delay_given IS NOT NULL) + (interval_seconds_given IS NOT NULL)
          + (namespace_given IS NOT NULL) + (deadline_given IS NOT NULL) + (delete_deadline_given IS NOT NULL)
          + (max_count_given IS NOT NULL) + (on_failure_given IS NOT NULL)
{%- endset -%}
{%- set shared_sound -%}
{{ sound_text("name", limit.name) }}
          AND {{ sound_text("given.queue", limit.queue) }}
          AND (namespace_given IS NULL OR JSON_TYPE(namespace_given) = 'STRING')
          AND {{ sound_integer("interval_seconds_given", 1, limit.seconds) }}
          AND {{ sound_integer("delay_given", 0, limit.seconds) }}
          AND {{ sound_integer("deadline_given", 1, limit.seconds) }}
          AND {{ sound_integer("delete_deadline_given", 0, limit.seconds) }}
          AND {{ sound_integer("max_count_given", 1, limit.max_count) }}
          AND (on_failure_given IS NULL OR (
            JSON_TYPE(on_failure_given) = 'STRING' AND {{ sound_text("JSON_UNQUOTE(on_failure_given)", limit.queue) }}
            AND following.queue_id IS NOT NULL
          ))
{%- endset -%}
{%- set own_keys -%}
order_no {{ text }} PATH '$.order_no',
        order_no_given JSON PATH '$.order_no',
        payload_string {{ text }} PATH '$.payload'
{%- endset -%}
{#- payload_text from columns that are read already; a number or a constant has one, too. -#}
{%- set payload_given = "COALESCE(payload_string, payload)" -%}
{%- set own_count = "(%s IS NOT NULL) + (order_no_given IS NOT NULL)" % payload_given -%}
{%- set own_sound -%}
(order_no_given IS NULL OR (
            JSON_TYPE(order_no_given) = 'STRING'
            AND {{ sound_text("order_no", limit.order_no) }}
          ))
          AND LENGTH({{ payload_given }}) <= {{ payload_limit }}
          AND LOCATE({{ nul }}, {{ payload_given }}) = 0
          AND JSON_VALID({{ payload_given }})
          AND LEFT({{ payload_given }}, 1) = '{'
          AND (
            (LOCATE('"task_', {{ payload_given }}) = 0 AND LOCATE('\\', {{ payload_given }}) = 0)
            OR NOT {{ has_reserved_key(payload_given, payload_given) }}
          )
{%- endset -%}
{#- An INSERT of them fails on a duplicate (1062), a column that is NULL (1048), a malformed number (1264, 1292, 1916, 3156) or
    payload. If there is a trigger of INSERT, MySQL names a value that is too long (1406) or too large (1441, 3155, 6527)
    before it names the NULL. -#}
{%- set unsound = "1048, 1062, 1264, 1292, 1406, 1441, 1916, 3155, 3156, 6527, " ~ json_errors -%}

{#- The ranges among rows with task_id, created and pushable, in the order of their places: a row begins one unless it
    goes on as the one before it. -#}
{%- macro ranges(rows) -%}
SELECT
      MIN(task_id) AS task_id,
      @@auto_increment_increment AS step,
      COUNT(*) AS tasks,
      MIN(created) AS created,
      MIN(pushable) AS pushable
    FROM (
      SELECT task_id, created, pushable, SUM(is_first) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) AS number
      FROM (
        SELECT
          place, task_id, created, pushable,
          COALESCE(
            task_id <> LAG(task_id) OVER (ORDER BY place) + @@auto_increment_increment
            OR created <> LAG(created) OVER (ORDER BY place)
            OR pushable <> LAG(pushable) OVER (ORDER BY place),
            TRUE
          ) AS is_first
        FROM ({{ rows }}) AS made
      ) AS compared
    ) AS numbered
    GROUP BY number
    ORDER BY number
    LIMIT {{ limit.rows }} /* R28 */
{%- endmacro -%}
