{#- For every template: what is due, and what becomes of it. -#}

{#- What low_end remembers. Microseconds: a look that takes longer is slow; a row is valid for so many times what the
    look took, within bounds. Seconds: looks begin so long before now at the latest, and end so long after. -#}
{%- set low_end = {"slow": 2000, "times": 20, "shortest": 1000000, "longest": 30000000, "margin": 1} -%}
{%- macro valid(now) -%}
(first_at <= {{ now }} - INTERVAL {{ low_end.margin }} SECOND
    AND valid_until BETWEEN {{ now }} AND {{ now }} + INTERVAL {{ low_end.longest }} MICROSECOND)
{%- endmacro -%}

{#- R5. Lets MySQL see the end of a range while it passes what is deleted and not purged: it does so where it reads the
    whole row, without a condition on the index. MariaDB never does. -#}
{%- set stop_at_end = "/*+ NO_ICP(%stask) */" % p -%}

{#- Rows of a claim at most: the bytes of so many must be looked at before it is known how many it may have. -#}
{%- set claim_rows = [limit.rows, 64 * limit.claim_bytes // payload_limit] | min -%}

{#- Characters of a lane in the list of scan_tasks: ten digits, whether it is closed, whether it has parked tasks. -#}
{%- set lane_width = 12 -%}

{#- Whether a due task fails: it is started no more, or its deadline has passed. -#}
{%- macro expired(now) -%}
(deadline_at <= {{ now }} OR {{ used_up() }})
{%- endmacro -%}

{#- When a task that has failed or was cancelled may be deleted. -#}
{%- set keep_unfinished = "INTERVAL IF(delete_deadline = 0, %d, delete_deadline) SECOND" % default.keep_unfinished -%}

{#- What becomes of a task of which nothing comes any more. -#}
{%- macro given_up(as_status, now) -%}
task.lane = 0,
    task.status = {{ as_status }},
    task.ended_at = {{ now }},
    task.due_at = {{ now }} + {{ keep_unfinished }}
{%- endmacro -%}

{#- What becomes of a due task that fails. Its last attempt, if it has not ended, has lapsed, too. -#}
{%- macro expire(now) -%}
task.last_error = IF(
          task.status = {{ status.processing }} AND {{ used_up("task.") }} AND (task.lapses > 0 OR task.last_error IS NULL),
          CONCAT('attempts in a row that never ended: ', task.lapses + 1, ' (the task may kill its worker)'),
          task.last_error
        ),
        task.lapses = task.lapses + (task.status = {{ status.processing }}),
        {{ given_up(status.failed, now) | indent(4) }}
{%- endmacro -%}

{#- Whether the purge has put off a terminal task. -#}
{%- set put_off -%}
task.due_at > task.ended_at
          + INTERVAL IF(task.status = {{ status.finished }} OR task.delete_deadline > 0, task.delete_deadline, {{ default.keep_unfinished }}) SECOND
{%- endset -%}
