{#- For every template: how attempts start, and which are refused. -#}

{#- What a plain read says for certain, though the caller's snapshot may be old: that a task cannot be started whose last
    attempt is to be `attempts`, or, `running`, that it cannot be finished, failed or extended in that attempt. Attempts
    never go back, and a finished task stays so. -#}
{%- macro is_refused(attempts, running) -%}
COALESCE(
        task.attempts > {{ attempts }} OR IF(
          {{ running }},
          task.attempts = {{ attempts }} AND task.status NOT IN ({{ status.processing }}, {{ status.finished }}),
          task.status = {{ status.finished }}
        ),
        FALSE
      )
{%- endmacro -%}

{#- R15. Before the UPDATE of one task, which locks where it finds nothing, too: the row, or the place where it would be. In
    a transaction that lasts the call looks first. If the call begins it, what a look does not find is not there. In one
    that was open before it may have been created since, if its number has been given at all. -#}
{%- macro look_first(attempts, running) -%}
BEGIN
    DECLARE v_fresh TINYINT DEFAULT TRUE;
    DECLARE v_refused TINYINT;
    DECLARE v_next_id BIGINT UNSIGNED;
    {{ ask_fresh }};
    IF NOT v_fresh OR NOT @@autocommit THEN
      SELECT {{ is_refused(attempts, running) }}
      INTO v_refused
      FROM {{ p }}task AS task
      WHERE task_id = in_task_id;
      IF v_refused IS NULL AND NOT v_fresh THEN
        CALL {{ p }}find_next_id(v_next_id);
        SET v_refused = NOT {{ is_given("in_task_id") }};
      END IF;
      IF COALESCE(v_refused, v_fresh) THEN
        CALL {{ p }}refuse_known(in_task_id, {{ attempts }}, {{ running }});
      END IF;
    END IF;
  END
{%- endmacro -%}

{#- Whether a task may have this number: beyond lies the place of all that will be created. -#}
{%- macro is_given(task_id) -%}
({{ task_id }} > 0 AND {{ task_id }} < v_next_id)
{%- endmacro -%}

{#- Why finish_tasks has refused an element. -#}
{%- set reason -%}
CASE
        WHEN task.task_id IS NULL THEN {{ error.task_not_found }}
        WHEN task.lane = 0 THEN {{ error.task_not_active }}
        WHEN given.attempt <> task.attempts THEN {{ error.stale_attempt }}
        ELSE {{ error.task_not_processing }}
      END
{%- endset -%}

{#- Whether a task is started no more: no attempt is left, or too many in a row have never ended. -#}
{%- macro used_up(task="") -%}
({{ task }}attempts - {{ task }}attempts_before >= {{ task }}max_count
    OR ({{ task }}status = {{ status.processing }} AND {{ task }}lapses >= {{ max_lapses - 1 }}))
{%- endmacro -%}

{#- R22. When a task that is started comes again, and how many attempts before this one were started and never ended. Each
    of them doubles the time, up to an hour unless the interval is longer; a fraction that is another one for each task
    and attempt parts those that have lapsed together. ended_at keeps when the attempt that lapsed had started, for its
    history. To stand first: they go by what the row was before. -#}
{%- macro start_anew(now, task="") -%}
{{ task }}due_at = LEAST(
      IF(
        {{ task }}status = {{ status.processing }},
        {{ now }} + INTERVAL
          GREATEST({{ task }}interval_seconds, LEAST({{ task }}interval_seconds * POWER(2, LEAST({{ task }}lapses, 11)), 1800))
          * (1 + MOD(CRC32(CONCAT({{ task }}task_id, ' ', {{ task }}attempts)), 1000) / 1000) SECOND,
        {{ now }} + INTERVAL {{ task }}interval_seconds SECOND
      ),
      {{ task }}deadline_at
    ),
    {{ task }}ended_at = IF({{ task }}status = {{ status.processing }}, {{ task }}started_at, {{ task }}ended_at),
    {{ task }}lapses = IF({{ task }}status = {{ status.processing }}, LAST_INSERT_ID({{ task }}lapses + 1), 0) /* R21 */
{%- endmacro -%}

{#- A task that is started, and whether it can be: `attempt` is the one that the message announced. Of waiting tasks
    alone, as most are, the server works out less: the attempt before has ended. -#}
{%- macro started(attempts, batch_id, task="", waiting=false) -%}
{% if waiting -%}
{{ task }}due_at = LEAST(v_now + INTERVAL {{ task }}interval_seconds SECOND, {{ task }}deadline_at),
    {{ task }}lapses = 0,
{%- else -%}
{{ start_anew("v_now", task) }},
{%- endif %}
    {{ task }}lane = {{ task }}queue_id,
    {{ task }}status = {{ status.processing }},
    {{ task }}attempts = {{ attempts }},
    {{ task }}batch_id = {{ batch_id }},
    {{ task }}started_at = v_now
{%- endmacro -%}
{%- macro can_be_started(attempt, task="", waiting=false) -%}
{{ task }}{{ "status = %d" % status.waiting if waiting else "lane <> 0" }}
    AND ({{ attempt }} IS NULL OR {{ task }}attempts + 1 = {{ attempt }})
    AND {{ "%sattempts - %sattempts_before < %smax_count" % (task, task, task) if waiting else "NOT " ~ used_up(task) }}
    AND {{ task }}deadline_at > v_now
{%- endmacro -%}

{#- R22. A task that is active again, with all its attempts. -#}
{%- macro retried(now) -%}
task.lane = task.queue_id,
    task.status = {{ status.waiting }},
    task.attempts_before = task.attempts,
    task.lapses = 0,
    task.batch_id = 0,
    task.deadline_at = {{ now }} + INTERVAL COALESCE(in_deadline, {{ default.deadline }}) SECOND,
    task.due_at = {{ now }}
{%- endmacro -%}

{#- Whether a value in JSON is an integer: also as a text, in which languages without 64-bit integers carry ids, and with a fraction of nought. -#}
{%- macro is_id(value) -%}
COALESCE(JSON_UNQUOTE({{ value }}) REGEXP '\\A-?[0-9]{1,18}(\\.0{1,20})?\\z', FALSE)
{%- endmacro -%}

{#- R4. The elements of start_tasks, finish_tasks and return_tasks, in the order in which all calls lock their tasks. -#}
{%- macro given_tasks(variable) -%}
(
    SELECT DISTINCT task_id, attempt
    FROM JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
      task_id BIGINT PATH '$.task_id', attempt BIGINT PATH '$.attempt'
    )) AS element
    ORDER BY task_id, attempt
    LIMIT {{ limit.rows }}
  )
{%- endmacro -%}

{#- The elements of receive_tasks. -#}
{%- macro given_messages(variable) -%}
JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
      place FOR ORDINALITY,
      task_id BIGINT PATH '$.task_id',
      attempt BIGINT PATH '$.attempt',
      queue VARCHAR({{ limit.queue }}) {{ string }} PATH '$.queue'
    ))
{%- endmacro -%}
