{#- What every template of this dialect may use, besides the prefix `p`, the `package`, the constants and the settings. -#}

{%- macro raise(name, message, before="") -%}
RAISE_APPLICATION_ERROR(-{{ error[name] }}, {{ before }}'{{ message }}')
{%- endmacro -%}

{#- No character has less than a byte, and to count those of a CLOB needs no look at it. -#}
{%- macro bytes_at_most(argument, most) -%}
IF LENGTH({{ argument }}) > {{ most }} THEN
    {{ raise("invalid_argument", "%s must have at most %d bytes" % (argument, most)) }};
  END IF
{%- endmacro -%}
{#- 32 is a blank. -#}
{%- macro no_name(value, length) -%}
{{ value }} IS NULL OR LENGTH({{ value }}) > {{ length }} OR ASCII({{ value }}) = 32 OR ASCII(SUBSTR({{ value }}, -1)) = 32
{%- endmacro -%}
{%- macro no_integer(value, low, high) -%}
{{ value }} NOT BETWEEN {{ low }} AND {{ high }} OR {{ value }} <> TRUNC({{ value }})
{%- endmacro -%}
{#- The rules for an argument, each with what it says. -#}
{%- macro name_rule(length, kind="have") -%}
must {{ kind }} 1 to {{ length }} characters, no blank at either end
{%- endmacro -%}
{%- macro check_name(argument, length, or_null=false) -%}
IF {{ "%s IS NOT NULL AND (%s)" % (argument, no_name(argument, length)) if or_null else no_name(argument, length) }} THEN
    {{ raise("invalid_argument", argument ~ " " ~ name_rule(length)) }};
  END IF
{%- endmacro -%}
{%- macro check_integer(argument, low, high, unit="", or_null=false) -%}
IF {{ "" if or_null else argument ~ " IS NULL OR " }}{{ no_integer(argument, low, high) }} THEN
    {{ raise("invalid_argument", "%s must be %s%d to %d%s" % (argument, "NULL or " if or_null else "", low, high, unit)) }};
  END IF
{%- endmacro -%}

{#- O13. Whether ORA-00001 speaks of an index or a trigger of the user's own, and not of the index of order numbers. -#}
{%- set is_other_index -%}
REGEXP_LIKE(SQLERRM, '\([^()]+\.[^()]+\)') AND INSTR(SQLERRM, '.{{ (p ~ "active_order") | upper }})') = 0
{%- endset -%}

{#- Whether a foreign key that refers to the row, or a trigger that says no, has refused a change. -#}
{%- set is_refusal = "SQLCODE = -2292 OR SQLCODE BETWEEN -20999 AND -20000" -%}

{#- As the number of its error, so that callers can catch each by name. -#}
{%- macro exceptions() -%}
{%- for name, number in error.items() %}
  {{ name }} EXCEPTION;
  PRAGMA EXCEPTION_INIT({{ name }}, -{{ number }});
{%- endfor %}
{%- endmacro -%}

{#- What V$SESSION shows of the call. -#}
{%- macro enter(verb) -%}
DBMS_APPLICATION_INFO.SET_MODULE('{{ package }}', '{{ verb }}')
{%- endmacro -%}

{%- set instant = "TIMESTAMP(3)" -%}
{%- set now = "SYS_EXTRACT_UTC(SYSTIMESTAMP)" -%}
{%- set new_batch_id = p ~ "batch_seq.NEXTVAL" -%}
{%- set end_of_time = "TIMESTAMP '9999-12-31 00:00:00'" -%}
{%- set task_columns = "task_id, namespace, queue, name, order_no, status, attempts, max_count, created_at, started_at, ended_at, due_at, deadline_at, last_error" -%}

{%- macro seconds(number) -%}
NUMTODSINTERVAL({{ number }}, 'SECOND')
{%- endmacro -%}

{#- An interval as a number. -#}
{%- macro in_seconds(interval) -%}
(EXTRACT(DAY FROM {{ interval }}) * 86400 + EXTRACT(HOUR FROM {{ interval }}) * 3600
    + EXTRACT(MINUTE FROM {{ interval }}) * 60 + EXTRACT(SECOND FROM {{ interval }}))
{%- endmacro -%}

{%- macro timestamp_text(time) -%}
TO_CHAR({{ time }}, 'YYYY-MM-DD HH24:MI:SS.FF3', 'NLS_CALENDAR=GREGORIAN')
{%- endmacro -%}

{#- O12. Texts are compared by bytes. If a session has NLS_COMP = LINGUISTIC, = also finds what its NLS_SORT takes for the
    same; a RAW is compared as it is. -#}
{%- macro binary(text) -%}
NLSSORT({{ text }}, 'NLS_SORT=BINARY')
{%- endmacro -%}
{%- macro same(column, value) -%}
{{ column }} = {{ value }} AND {{ binary(column) }} = {{ binary(value) }}
{%- endmacro -%}

{%- set not_allowed = "queue must fit the queue_pattern of this installation, or be registered already" -%}
{%- set too_many = "new queues would be more than max_queues allows, which is %d" % max_queues -%}
{#- Whether a new queue may have this name. LIKE would follow the session's NLS_COMP; behind the full stop there is no
    line end that the dollar sign would pass over. -#}
{%- macro is_allowed(name) -%}
REGEXP_LIKE({{ name }} || '.', '^({{ queue_patterns | map("escaped", "\\.^$+?()[]{}|", "\\") | map("replace", "*", ".*") | map("escaped", "'", "'")
    | join(")[.]$', 'cn') OR REGEXP_LIKE(%s || '.', '^(" % name) }})[.]$', 'cn')
{%- endmacro -%}

{#- Whether a queue has an active task, parked ones included. -#}
{%- macro has_active(queue_id) -%}
(EXISTS (SELECT 1 FROM {{ p }}task task WHERE task.lane = {{ queue_id }})
      OR EXISTS (SELECT 1 FROM {{ p }}task task WHERE task.lane = -{{ queue_id }}))
{%- endmacro -%}

{#- A text to compare with a column of so many characters: a longer one fits nothing, and SQL takes no more than
    4,000 bytes. -#}
{%- macro cut(value, length) -%}
SUBSTR({{ value }}, 1, {{ length + 1 }})
{%- endmacro -%}

{#- Before version 21, IS JSON alone means an object or an array; from then on a scalar, too. -#}
{%- macro is_json(value, bracket) -%}
{{ value }} IS JSON STRICT AND REGEXP_LIKE({{ value }}, '^[' || CHR(9) || CHR(10) || CHR(13) || ' ]*\{{ bracket }}')
{%- endmacro -%}

{#- Whether a task is started no more: no attempt is left, or too many in a row have never ended. -#}
{%- macro used_up(task="") -%}
({{ task }}attempts - {{ task }}attempts_before >= {{ task }}max_count
    OR ({{ task }}status = {{ status.processing }} AND {{ task }}lapses >= {{ max_lapses - 1 }}))
{%- endmacro -%}
{#- Whether a due task fails: it is started no more, or its deadline has passed. -#}
{%- macro expired(now) -%}
(deadline_at <= {{ now }} OR {{ used_up() }})
{%- endmacro -%}

{#- When a task that is started comes again, and how many attempts before this one were started and never ended. Each
    of them doubles the time, up to an hour unless the interval is longer; a fraction that is another one for each task
    and attempt parts those that have lapsed together. -#}
{%- macro start_anew(now) -%}
due_at = LEAST({{ now }} + {{ seconds("CASE status WHEN %d THEN
      GREATEST(interval_seconds, LEAST(interval_seconds * POWER(2, LEAST(lapses, 11)), 1800))
        * (1 + ORA_HASH(task_id || ' ' || attempts, 999) / 1000)
      ELSE interval_seconds END" % status.processing) }}, deadline_at),
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

{#- When a task that has failed or was cancelled may be deleted. -#}
{%- set keep_unfinished = seconds("CASE delete_deadline WHEN 0 THEN %d ELSE delete_deadline END" % default.keep_unfinished) -%}

{#- A text of somebody's, in which nothing ends a line or turns the direction of reading. -#}
{%- macro one_line(text) -%}
REGEXP_REPLACE({{ text }}, '[[:cntrl:]' || TO_CHAR(UNISTR('\0085\061C\200E\200F\2028-\202E\2066-\206F')) || ']', ' ')
{%- endmacro -%}

{#- Whether the purge has put off a terminal task. -#}
{%- set put_off -%}
task.due_at > task.ended_at
          + {{ seconds("CASE WHEN task.status = %d OR task.delete_deadline > 0 THEN task.delete_deadline ELSE %d END"
          % (status.finished, default.keep_unfinished)) }}
{%- endset -%}

{#- The columns of a new task, and what they are filled with. -#}
{%- set new_task_columns = "task_id, lane, queue_id, status, name, order_no, payload, interval_seconds,
        delete_deadline, max_count, created_at, deadline_at, due_at" -%}
{%- macro new_task_values(given) -%}
{{ p }}task_seq.NEXTVAL, {{ given }}queue_id, {{ given }}queue_id, {{ status.waiting }},
        {{ given }}name, {{ given }}order_no, {{ given }}payload, {{ given }}interval_seconds,
        COALESCE({{ given }}delete_deadline, {{ default.delete_deadline }}),
        COALESCE({{ given }}max_count, {{ default.max_count }}),
        v_now,
        v_now + {{ seconds("COALESCE(%sdeadline, %d)" % (given, default.deadline)) }},
        v_now + {{ seconds("LEAST(COALESCE(%sdelay, %d), COALESCE(%sdeadline, %d))"
          % (given, push_grace, given, default.deadline)) }}
{%- endmacro -%}

{#- O9. For a ref cursor. Its caller fetches when the call has ended and the variables are gone: the server keeps a
    collection for it if the type is one of the schema's own, and in SYS there is one of texts. So each row is a JSON
    array of numbers. -#}
{%- set returned_rows = "SYS.ODCIVARCHAR2LIST" -%}

{#- A JSON array of names as rows, each once; longer ones than a queue can have are NULL. -#}
{%- macro names(variable) -%}
(
      SELECT DISTINCT name, {{ binary("name") }} AS name_bytes
      FROM JSON_TABLE({{ variable }}, '$[*]' COLUMNS (name VARCHAR2({{ limit.queue }} CHAR) PATH '$'))
    )
{%- endmacro -%}
