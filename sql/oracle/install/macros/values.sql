{#- For every template: types, texts, times and lists. -#}

{%- set instant = "TIMESTAMP(3)" -%}
{%- set now = "SYS_EXTRACT_UTC(SYSTIMESTAMP)" -%}
{%- set new_batch_id = p ~ "batch_seq.NEXTVAL" -%}
{%- set beginning_of_time = "TIMESTAMP '1970-01-01 00:00:00'" -%}
{%- set end_of_time = "TIMESTAMP '9999-12-31 00:00:00'" -%}
{%- set task_columns = "task_id, namespace, queue, name, order_no, status, attempts, max_count, created_at, started_at, ended_at, due_at, deadline_at, last_error" -%}

{%- macro seconds(number) -%}
NUMTODSINTERVAL({{ number }}, 'SECOND')
{%- endmacro -%}

{#- An interval as a number. -#}
{%- macro in_seconds(interval) -%}
(EXTRACT(DAY FROM {{ interval }}) * 86400 + EXTRACT(HOUR FROM {{ interval }}) * 3600
    + EXTRACT(MINUTE FROM {{ interval }}) * 60 + EXTRACT(SECOND FROM {{ interval }}))
{%- endmacro -%}
{%- macro timestamp_text(time) -%}
TO_CHAR({{ time }}, 'YYYY-MM-DD HH24:MI:SS.FF3', 'NLS_CALENDAR=GREGORIAN')
{%- endmacro -%}

{#- O12. Texts are compared by bytes. If a session has NLS_COMP = LINGUISTIC, = also finds what its NLS_SORT takes for the
    same; a RAW is compared as it is. -#}
{%- macro binary(text) -%}
NLSSORT({{ text }}, 'NLS_SORT=BINARY')
{%- endmacro -%}
{%- macro same(column, value) -%}
{{ column }} = {{ value }} AND {{ binary(column) }} = {{ binary(value) }}
{%- endmacro -%}

{#- A text to compare with a column of so many characters: a longer one fits nothing, and SQL takes no more than
    4,000 bytes. -#}
{%- macro cut(value, length) -%}
SUBSTR({{ value }}, 1, {{ length + 1 }})
{%- endmacro -%}

{#- A text of somebody's, in which nothing ends a line or turns the direction of reading. -#}
{%- macro one_line(text) -%}
REGEXP_REPLACE({{ text }}, '[[:cntrl:]' || TO_CHAR(UNISTR('\0085\061C\200E\200F\2028-\202E\2066-\206F')) || ']', ' ')
{%- endmacro -%}

{#- O9. For a ref cursor. Its caller fetches when the call has ended and the variables are gone: the server keeps a
    collection for it if the type is one of the schema's own, and in SYS there is one of texts. So each row is a JSON
    array of numbers. -#}
{%- set returned_rows = "SYS.ODCIVARCHAR2LIST" -%}

{#- The names of in_queues of take_tasks, each with its first place. -#}
{%- macro given_queues(variable) -%}
(
      SELECT MIN(place) AS place, {{ binary("name") }} AS name_bytes
      FROM JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
        place FOR ORDINALITY, name VARCHAR2({{ limit.queue }} CHAR) PATH '$'
      ))
      GROUP BY {{ binary("name") }}
    )
{%- endmacro -%}

{#- A JSON array of names as rows, each once; longer ones than a queue can have are NULL. -#}
{%- macro names(variable) -%}
(
      SELECT DISTINCT name, {{ binary("name") }} AS name_bytes
      FROM JSON_TABLE({{ variable }}, '$[*]' COLUMNS (name VARCHAR2({{ limit.queue }} CHAR) PATH '$'))
    )
{%- endmacro -%}
