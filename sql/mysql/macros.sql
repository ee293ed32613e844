{#- What every template of this dialect may use, besides the prefix `p`, the constants and the settings. -#}

{%- macro raise(name, message) -%}
SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {{ error[name] }}, MESSAGE_TEXT = '{{ message }}'
{%- endmacro -%}

{%- set text = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" -%}
{%- set string = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" -%}
{%- set instant = "DATETIME(3)" -%}
{%- set json_errors = "3140, 3141, 3157" -%}
{%- set now = "UTC_TIMESTAMP(3)" -%}
{%- set end_of_time = "TIMESTAMP'9999-12-31 00:00:00'" -%}
{%- set sql_mode = "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION" -%}
{%- set task_columns = "task_id, namespace, queue, name, order_no, status, attempts, max_count, created_at, started_at, ended_at, due_at, deadline_at, last_error" -%}

{#- The elements of a variable as create_tasks stores them, once check_new_tasks has passed them. -#}
{%- macro new_tasks(variable) %}JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
    element FOR ORDINALITY,
    name VARCHAR(128) PATH '$.name',
    payload JSON PATH '$.payload',
    delay INT PATH '$.delay',
    interval_seconds INT PATH '$.interval',
    queue VARCHAR(128) PATH '$.queue',
    namespace VARCHAR(64) PATH '$.namespace',
    order_no VARCHAR(128) PATH '$.order_no',
    deadline INT PATH '$.deadline',
    delete_deadline INT PATH '$.delete_deadline',
    max_count INT PATH '$.max_count'
  )){% endmacro -%}
