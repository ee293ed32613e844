{#- For every template: ends of an attempt that has not succeeded, and their history. -#}

{#- Whether an end fails the task for good. -#}
{%- macro is_last(outcome) -%}
({{ outcome }} = 'reject'
      OR ({{ outcome }} = 'fail' AND task.attempts - task.attempts_before >= task.max_count))
{%- endmacro -%}

{#- R22. What an end makes of the task, by what the row was before. -#}
{%- macro ended(outcome, error, delay) -%}
task.due_at = IF(
      {{ is_last(outcome) }},
      v_now + INTERVAL IF(task.delete_deadline = 0, {{ default.keep_unfinished }}, task.delete_deadline) SECOND,
      LEAST(v_now + INTERVAL COALESCE({{ delay }}, task.interval_seconds) SECOND, task.deadline_at)
    ),
    task.lane = IF({{ is_last(outcome) }}, 0, task.queue_id),
    task.status = IF({{ is_last(outcome) }}, {{ status.failed }}, {{ status.waiting }}),
    task.attempts_before = task.attempts_before + ({{ outcome }} = 'snooze'),
    task.lapses = 0,
    task.ended_at = v_now,
    task.last_error = COALESCE(LEFT({{ error }}, {{ limit.error }}), task.last_error)
{%- endmacro -%}

{#- The history of attempts gets these rows. An older row of the same attempt is of another task, whose number a table that
    somebody has emptied has given again. -#}
{%- macro keep_attempts(rows) -%}
{{ checked }} REPLACE INTO {{ p }}attempt (
    task_id, attempt, started_at, ended_at, outcome, worker, error, traceback
  )
  {{ rows }}
{%- endmacro -%}
{%- macro outcome_of(end) -%}
CASE {{ end }} WHEN 'fail' THEN 'failed' WHEN 'reject' THEN 'rejected' ELSE 'snoozed' END
{%- endmacro -%}
