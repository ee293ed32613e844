{#- What clients write: every element as json.dumps does it. Possessive throughout: MySQL has 8 MB for ways back, and
    nobody goes back. -#}
{%- set usual_element -%}
\\{"task_id": [0-9]{1,18}+, "attempt": [0-9]{1,9}+(, "queue": "[^"\\\\]{1,{{ limit.queue }}}+")?+\\}
{%- endset -%}
{%- set usual -%}
\\A\\[{{ usual_element }}(, {{ usual_element }})*+\\]\\z
{%- endset -%}
CREATE PROCEDURE {{ p }}parse_tasks (
  IN in_tasks {{ text }},
  OUT out_tasks JSON
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: in_tasks of start_tasks, finish_tasks and return_tasks as JSON, read once; refuses what they cannot
  read. A list that it knows at a glance is not taken apart.
  */
  DECLARE v_usual TINYINT DEFAULT FALSE;
  DECLARE EXIT HANDLER FOR {{ json_errors }}
    {{ raise("invalid_argument", "in_tasks is nested too deeply") }};

  {{ bytes_at_most("in_tasks", limit.attempts) }};
  IF in_tasks IS NULL OR NOT JSON_VALID(in_tasks) OR JSON_TYPE(in_tasks) <> 'ARRAY' THEN
    {{ raise("invalid_argument", "in_tasks must be a JSON array of objects with task_id and attempt") }};
  END IF;
  SET out_tasks = in_tasks;
  IF JSON_LENGTH(out_tasks) > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_tasks must have at most %d elements" % limit.rows) }};
  END IF;
  BEGIN
    -- MySQL bounds the steps and the memory of a pattern.
    DECLARE EXIT HANDLER FOR 3698, 3699 BEGIN END;
    -- MariaDB's default_regex_flags may add a warning, which ends a SET.
    IF in_tasks REGEXP '{{ usual }}' THEN
      SET v_usual = TRUE;
    END IF;
  END;
  IF NOT v_usual AND EXISTS (
    SELECT 1
    FROM JSON_TABLE(out_tasks, '$[*]' COLUMNS (
      task_id JSON PATH '$.task_id',
      attempt JSON PATH '$.attempt',
      has_attempt INT EXISTS PATH '$.attempt'
    )) AS given
    WHERE NOT {{ is_id("given.task_id") }}
      OR (given.has_attempt AND NOT {{ is_id("given.attempt") }})
  ) THEN
    {{ raise("invalid_argument", "in_tasks: task_id of each element, and attempt where given, must be integers") }};
  END IF;
END
