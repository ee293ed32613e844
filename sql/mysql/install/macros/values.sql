{#- For every template: types, texts, times and lists. -#}

{#- R29. Every text has its character set and collation, in columns of JSON_TABLE, too: else they are the schema's. -#}
{%- set text = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" -%}
{%- set string = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" -%}
{%- set instant = "DATETIME(3)" -%}
{%- set nul = "_utf8mb4 X'00'" -%}

{#- MariaDB takes halves of surrogate pairs for characters, and no client can read them again. In UTF-8 they begin
    with ED, as little else does. -#}
{%- macro has_ed(value) -%}
LOCATE(X'ED', CAST({{ value }} AS BINARY)) > 0
{%- endmacro -%}
{%- macro unreadable(value) -%}
({{ has_ed(value) }} AND CONVERT(CONVERT({{ value }} USING utf16) USING utf8mb4) COLLATE utf8mb4_bin <> {{ value }})
{%- endmacro -%}

{%- set now = "UTC_TIMESTAMP(3)" -%}

{#- Adds to a list what was gathered for it. Each addition takes as long as the list is: so many small ones go through a
    list of their own, of at most so many bytes. -#}
{%- set gathered = 8192 -%}
{%- macro add_gathered(list, some, least) -%}
IF LENGTH({{ some }}) > {{ least }} THEN
        SET {{ list }} = IF({{ list }} = '[]', {{ some }}, JSON_MERGE_PRESERVE({{ list }}, {{ some }}));
        SET {{ some }} = '[]';
      END IF
{%- endmacro -%}

{#- Positive and even, and unique on all servers whose numbers differ in the last six bits. -#}
{%- set new_batch_id = "((UUID_SHORT() & 4611686018427387903) << 1)" -%}
{%- set beginning_of_time = "TIMESTAMP'1970-01-01 00:00:00'" -%}
{%- set end_of_time = "TIMESTAMP'9999-12-31 00:00:00'" -%}
{%- set task_columns = "task_id, namespace, queue, name, order_no, status, attempts, max_count, created_at, started_at, ended_at, due_at, deadline_at, last_error" -%}

{#- A text of somebody's, in which nothing ends a line or turns the direction of reading. -#}
{%- macro one_line(text) -%}
REGEXP_REPLACE({{ text }}, '[\\p{Cc}\\p{Zl}\\p{Zp}\\x{061C}\\x{200E}\\x{200F}\\x{202A}-\\x{202E}\\x{2066}-\\x{206F}]', ' ')
{%- endmacro -%}

{#- R10. A JSON array of names as rows, each once, so that the server makes a key of them; one that no queue can have stays
    too long for any. -#}
{%- macro names(variable) -%}
(
            SELECT DISTINCT LEFT(name, {{ limit.queue + 1 }}) AS name
            FROM JSON_TABLE({{ variable }}, '$[*]' COLUMNS (name {{ text }} PATH '$')) AS given
          )
{%- endmacro -%}

{#- R10. The ids of elements in a LONGBLOB, id_width digits each, 0 for none: to look one up takes no longer if they are
    many, as it does in a table that is made of JSON, which has no index. -#}
{%- set id_width = 19 -%}
{%- macro ids_by(order, id) -%}
GROUP_CONCAT(LPAD({{ id }}, {{ id_width }}, '0') ORDER BY {{ order }} SEPARATOR '')
{%- endmacro -%}
{%- macro id_at(variable, place) -%}
CAST(SUBSTR({{ variable }}, {{ id_width }} * ({{ place }} - 1) + 1, {{ id_width }}) AS SIGNED)
{%- endmacro -%}
