{%- macro looked_at() -%}
FROM JSON_TABLE(out_tasks, '$[*]' COLUMNS (
        task_id BIGINT PATH '$.task_id', attempt BIGINT PATH '$.attempt', element JSON PATH '$'
      )) AS given
      LEFT JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
{%- endmacro -%}
{%- set is_known -%}
IF(
        task.task_id IS NULL,
        v_fresh OR NOT {{ is_given("given.task_id") }},
        {{ is_refused("given.attempt - IF(in_running, 0, 1)", "in_running") }}
      )
{%- endset -%}
CREATE PROCEDURE {{ p }}drop_refused (
  IN in_running TINYINT,
  INOUT out_tasks JSON,
  OUT out_refused JSON
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: takes those elements away of which a read without a lock says for certain that they are refused, each with
  the number of its error as finish_task raises it: in a transaction that lasts, as the calls for one task do.
  */
  DECLARE v_fresh TINYINT DEFAULT TRUE;
  DECLARE v_kept {{ text }};
  DECLARE v_next_id BIGINT UNSIGNED DEFAULT 0;
  DECLARE v_unseen INT;

  {{ ask_fresh }};
  IF NOT v_fresh THEN
    SELECT COUNT(*) INTO v_unseen
    {{ looked_at() }}
    WHERE task.task_id IS NULL;
    IF v_unseen > 0 THEN
      CALL {{ p }}find_next_id(v_next_id);
    END IF;
  END IF;
  IF NOT v_fresh OR NOT @@autocommit THEN
    -- In one statement: in READ COMMITTED two could see a task in two states, and keep it nowhere.
    {{ settled }} SELECT {{ uncut }}
      CONCAT('[', GROUP_CONCAT(IF(is_known, NULL, element) ORDER BY task_id, attempt SEPARATOR ','), ']'),
      CONCAT('[', GROUP_CONCAT(DISTINCT IF(
        is_known, JSON_OBJECT('task_id', task_id, 'attempt', attempt, 'error_number', error_number), NULL
      ) SEPARATOR ','), ']')
    INTO v_kept, out_refused
    FROM (
      SELECT given.task_id, given.attempt, given.element, {{ reason }} AS error_number, {{ is_known }} AS is_known
      {{ looked_at() }}
    ) AS found;
    IF out_refused IS NOT NULL THEN
      SET out_tasks = COALESCE(v_kept, '[]');
    END IF;
  END IF;
  SET out_refused = COALESCE(out_refused, '[]');
END
