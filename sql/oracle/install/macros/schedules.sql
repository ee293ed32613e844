{#- For every template: schedules and their ticks. -#}

{#- A time as ticks have it, in payloads and in order numbers. -#}
{%- macro tick_of(time) -%}
TO_CHAR({{ time }}, 'YYYY-MM-DD"T"HH24:MI:SS"Z"', 'NLS_CALENDAR=GREGORIAN')
{%- endmacro -%}

{#- A time without its fraction: ticks have none. -#}
{%- macro second_of(time) -%}
({{ time }} - {{ seconds("MOD(EXTRACT(SECOND FROM %s), 1)" % time) }})
{%- endmacro -%}

{#- The elements of advance_schedules, and their ticks. -#}
{%- macro due_schedules(variable) -%}
JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
      element FOR ORDINALITY,
      namespace VARCHAR2({{ limit.namespace }} CHAR) PATH '$.namespace',
      schedule VARCHAR2({{ limit.schedule }} CHAR) PATH '$.schedule',
      revision NUMBER PATH '$.revision',
      next_tick VARCHAR2(20 CHAR) PATH '$."next_at"',
      following_tick VARCHAR2(100 CHAR) PATH '$."following_at"',
      ticks CLOB FORMAT JSON PATH '$.ticks',
      error CLOB PATH '$.error'
    ))
{%- endmacro -%}
{%- macro ticks_of(variable) -%}
JSON_TABLE({{ variable }}, '$[*]' COLUMNS (place FOR ORDINALITY, tick VARCHAR2(20 CHAR) PATH '$'))
{%- endmacro -%}

{#- O12. Whether a text is this constant. -#}
{%- macro is_word(value, word) -%}
{{ binary(value) }} = {{ binary("'%s'" % word) }}
{%- endmacro -%}

{#- Whether two values are the same, or both NULL: DECODE takes two NULLs for the same. -#}
{%- macro unchanged(column, value) -%}
DECODE({{ column }}, {{ value }}, 1, 0) = 1
{%- endmacro -%}

{#- A payload with its tick. Spliced, so that its numbers keep each digit. -#}
{%- macro with_tick(payload, tick) -%}
'{"tick": "' || {{ tick }} || '"' || CASE WHEN REGEXP_LIKE({{ payload }}, '^[[:space:]]*\{[[:space:]]*\}') THEN '' ELSE ', ' END
        || SUBSTR({{ payload }}, INSTR({{ payload }}, '{') + 1)
{%- endmacro -%}
{%- set tick_bytes = '{"tick": "2026-11-29T10:00:00Z", ' | length -%}
