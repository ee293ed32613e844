{#- For every template: ends of an attempt that has not succeeded. -#}

{#- O12. Whether an outcome is this one. INSTR compares bytes, whatever the session's NLS_COMP is. -#}
{%- macro is_outcome(value, outcome) -%}
INSTR({{ value }}, '{{ outcome }}') = 1
{%- endmacro -%}

{#- Whether an end fails the task for good. -#}
{%- macro is_last(outcome) -%}
({{ is_outcome(outcome, "reject") }} OR ({{ is_outcome(outcome, "fail") }} AND attempts - attempts_before >= max_count))
{%- endmacro -%}

{#- What an end makes of the task. -#}
{%- macro ended(outcome, error, delay) -%}
due_at = CASE WHEN {{ is_last(outcome) }} THEN
        v_now + {{ keep_unfinished }}
      ELSE
        LEAST(v_now + {{ seconds("COALESCE(%s, interval_seconds)" % delay) }}, deadline_at)
      END,
    lane = CASE WHEN {{ is_last(outcome) }} THEN 0 ELSE queue_id END,
    status = CASE WHEN {{ is_last(outcome) }} THEN {{ status.failed }} ELSE {{ status.waiting }} END,
    attempts_before = attempts_before + CASE WHEN {{ is_outcome(outcome, "snooze") }} THEN 1 ELSE 0 END,
    lapses = 0,
    ended_at = v_now,
    last_error = COALESCE({{ error }}, last_error)
{%- endmacro -%}
{%- macro outcome_of(end) -%}
CASE
      WHEN {{ is_outcome(end, "fail") }} THEN 'failed'
      WHEN {{ is_outcome(end, "reject") }} THEN 'rejected'
      ELSE 'snoozed'
    END
{%- endmacro -%}
