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
        found.*, queue.queue_id, queue.direct,
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
        max_count INT PATH '$.max_count'
      )){% endmacro -%}

{#- A payload's text: that of a string, else that of the object. -#}
{%- set payload_text = "IF(JSON_TYPE(payload) = 'STRING', JSON_UNQUOTE(payload), payload)" -%}

{#- The columns that create_tasks and create_rest fill, and what they fill them with. -#}
{%- set new_task_columns = "lane, queue_id, status, name, order_no, payload, interval_seconds, delete_deadline,
      max_count, batch_id, created_at, deadline_at, due_at" -%}
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
      ) SECOND
{%- endmacro -%}
