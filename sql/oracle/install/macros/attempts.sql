{#- For every template: how attempts start, and which are refused. -#}

{#- Whether a task is started no more: no attempt is left, or too many in a row have never ended. -#}
{%- macro used_up(task="") -%}
({{ task }}attempts - {{ task }}attempts_before >= {{ task }}max_count
    OR ({{ task }}status = {{ status.processing }} AND {{ task }}lapses >= {{ max_lapses - 1 }}))
{%- endmacro -%}

{#- When a task that is started comes again, and how many attempts before this one were started and never ended. Each
    of them doubles the time, up to an hour unless the interval is longer; a fraction that is another one for each task
    and attempt parts those that have lapsed together. ended_at keeps when the attempt that lapsed had started, for its
    history. -#}
{%- macro start_anew(now) -%}
due_at = LEAST({{ now }} + {{ seconds("CASE status WHEN %d THEN
      GREATEST(interval_seconds, LEAST(interval_seconds * POWER(2, LEAST(lapses, 11)), 1800))
        * (1 + ORA_HASH(task_id || ' ' || attempts, 999) / 1000)
      ELSE interval_seconds END" % status.processing) }}, deadline_at),
    ended_at = CASE status WHEN {{ status.processing }} THEN started_at ELSE ended_at END,
    lapses = CASE status WHEN {{ status.processing }} THEN lapses + 1 ELSE 0 END
{%- endmacro -%}

{#- A task that is started, and whether it can be: `attempt` is the one that the message announced. -#}
{%- macro started(batch_id) -%}
{{ start_anew("v_now") }},
        lane = queue_id,
        status = {{ status.processing }},
        attempts = attempts + 1,
        batch_id = {{ batch_id }},
        started_at = v_now
{%- endmacro -%}
{%- macro can_be_started(attempt) -%}
lane <> 0
        AND ({{ attempt }} IS NULL OR attempts + 1 = {{ attempt }})
        AND NOT {{ used_up() }}
        AND deadline_at > v_now
{%- endmacro -%}

{#- Starts one task, for start_task and receive_task: the update and the history of lapses are both done, or neither. -#}
{%- macro start_one(verb) -%}
{{ set_point(verb) }};
  BEGIN
    UPDATE {{ p }}task
    SET
      {{ started("0") }}
    WHERE task_id = in_task_id
      AND {{ can_be_started("in_attempt") }}
    RETURNING attempts, lapses INTO out_attempt, v_lapses;

    IF SQL%ROWCOUNT = 0 THEN
      refuse_start(in_task_id, in_attempt, v_now);
    END IF;
    IF v_lapses > 0 THEN
      keep_lapsed(in_task_id, v_now);
    END IF;
  EXCEPTION
    WHEN OTHERS THEN
      {{ go_back(verb) }};
  END;
{%- endmacro -%}

{#- A task that is active again, with all its attempts. -#}
{%- macro retried(now) -%}
lane = queue_id,
    status = {{ status.waiting }},
    attempts_before = attempts,
    lapses = 0,
    batch_id = 0,
    deadline_at = {{ now }} + {{ seconds("COALESCE(in_deadline, %d)" % default.deadline) }},
    due_at = {{ now }}
{%- endmacro -%}
