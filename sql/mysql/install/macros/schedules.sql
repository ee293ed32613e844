{#- For every template: schedules and their ticks. -#}

{#- A time as ticks have it, in payloads and in order numbers. -#}
{%- macro tick_of(time) -%}
DATE_FORMAT({{ time }}, '%Y-%m-%dT%H:%i:%sZ')
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
