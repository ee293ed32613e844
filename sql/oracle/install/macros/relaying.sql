{#- For every template: what is due, and what becomes of it. -#}

{#- Whether a due task fails: it is started no more, or its deadline has passed. -#}
{%- macro expired(now) -%}
(deadline_at <= {{ now }} OR {{ used_up() }})
{%- endmacro -%}

{#- When a task that has failed or was cancelled may be deleted. -#}
{%- set keep_unfinished = seconds("CASE delete_deadline WHEN 0 THEN %d ELSE delete_deadline END" % default.keep_unfinished) -%}

{#- What becomes of a task of which nothing comes any more. -#}
{%- macro given_up(as_status, now) -%}
lane = 0,
    status = {{ as_status }},
    ended_at = {{ now }},
    due_at = {{ now }} + {{ keep_unfinished }}
{%- endmacro -%}

{#- Whether the purge has put off a terminal task. -#}
{%- set put_off -%}
task.due_at > task.ended_at
          + {{ seconds("CASE WHEN task.status = %d OR task.delete_deadline > 0 THEN task.delete_deadline ELSE %d END"
          % (status.finished, default.keep_unfinished)) }}
{%- endset -%}
