{#- For every template: schedules and their ticks. -#}

{#- A time as ticks have it, in payloads and in order numbers. -#}
{%- macro tick_of(time) -%}
DATE_FORMAT({{ time }}, '%Y-%m-%dT%H:%i:%sZ')
{%- endmacro -%}

{#- The time that such a text says; NULL if it is NULL. -#}
{%- macro time_of(tick) -%}
STR_TO_DATE({{ tick }}, '%Y-%m-%dT%H:%i:%sZ')
{%- endmacro -%}

{#- Whether it is such a text. STR_TO_DATE would raise an error. -#}
{%- macro is_tick(text) -%}
IF(
          {{ text }} REGEXP '\\A[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}Z\\z',
          SUBSTR({{ text }}, 9, 2) <= DAY(LAST_DAY(CONCAT(LEFT({{ text }}, 8), '01'))),
          FALSE
        )
{%- endmacro -%}

{#- The elements of advance_schedules, and one row for each of their ticks, or for an element that has none. -#}
{%- macro due_schedules(variable) -%}
JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        whole JSON PATH '$',
        namespace VARCHAR({{ limit.namespace }}) {{ string }} PATH '$.namespace',
        schedule VARCHAR({{ limit.schedule }}) {{ string }} PATH '$.schedule',
        revision BIGINT PATH '$.revision',
        next_at VARCHAR(20) {{ string }} PATH '$.next_at',
        following_at VARCHAR(20) {{ string }} PATH '$.following_at' DEFAULT '-1' ON ERROR,
        ticks JSON PATH '$.ticks',
        error {{ text }} PATH '$.error'
      ))
{%- endmacro -%}
{%- macro due_ticks(variable) -%}
{{ due_schedules(variable) }} AS due
      LEFT JOIN JSON_TABLE(due.ticks, '$[*]' COLUMNS (
        place FOR ORDINALITY,
        tick VARCHAR(20) {{ string }} PATH '$'
      )) AS given ON TRUE
{%- endmacro -%}

{#- The present second: ticks have no fraction. -#}
{%- set this_second = "UTC_TIMESTAMP()" -%}

{#- A payload with its tick. Spliced, so that its numbers keep each digit. -#}
{%- macro with_tick(payload, tick) -%}
CONCAT(
        '{"tick": "', {{ tick }}, '"', IF(JSON_LENGTH({{ payload }}) = 0, '', ', '),
        SUBSTRING({{ payload }}, LOCATE('{', {{ payload }}) + 1)
      )
{%- endmacro -%}
{%- set tick_bytes = '{"tick": "2026-11-29T10:00:00Z", ' | length -%}

{#- Whether a payload has the key that ticks add; escapes as in has_reserved_key. -#}
{%- macro has_tick(payload) -%}
(
      JSON_CONTAINS_PATH({{ payload }}, 'one', '$.tick')
      OR (LOCATE('\\u00', {{ payload }}) > 0 AND JSON_CONTAINS_PATH(
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
          {{ payload }}, '\\\\', '\\/'), '\\u0074', 't'), '\\u0069', 'i'), '\\u0063', 'c'), '\\u006b', 'k'), '\\u006B', 'k'
        ), 'one', '$.tick'
      ))
    )
{%- endmacro -%}
