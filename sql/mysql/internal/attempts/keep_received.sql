{%- macro received(compared="=") -%}
FROM {{ given_messages("out_tasks") }} AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
      STRAIGHT_JOIN {{ p }}queue AS queue /* R3 */ ON queue.queue_id = task.queue_id AND queue.queue {{ compared }} given.queue
{%- endmacro -%}
{%- set elements = "JSON_ARRAYAGG(JSON_OBJECT('task_id', task_id, 'attempt', attempt, 'queue', queue))" -%}
{%- macro keep(variable, given, locking="") -%}
{{ settled }} SELECT {{ elements }}
    INTO {{ variable }}
    FROM (
      SELECT
        given.task_id, given.attempt, given.queue,
        SUM(IF({{ can_be_started("given.attempt") }}, OCTET_LENGTH(task.payload), 0)) OVER (
          ORDER BY given.task_id, given.attempt ROWS UNBOUNDED PRECEDING
        ) AS bytes_so_far
      FROM (
        SELECT DISTINCT task_id, attempt, queue
        FROM {{ given_messages(given) }} AS element
        LIMIT {{ limit.rows }}
      ) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
      WHERE given.queue = (SELECT queue FROM {{ p }}queue AS queue WHERE queue.queue_id = task.queue_id)
      {{ locking }}
    ) AS found
    WHERE bytes_so_far <= {{ limit.receive_bytes }}
{%- endmacro -%}
CREATE PROCEDURE {{ p }}keep_received (
  INOUT out_tasks JSON,
  OUT out_wrong {{ text }}
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: takes those elements away whose task belongs to another queue, which out_wrong tells, or is gone, and
  those that would make the answer too large. Almost always there are none. Tasks that an older snapshot does not show
  are looked for again; queues are not.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_fresh TINYINT DEFAULT TRUE;
  DECLARE v_found INT;
  DECLARE v_bytes BIGINT;
  DECLARE v_kept {{ text }};
  DECLARE v_unseen {{ text }};
  DECLARE v_more {{ text }};
  DECLARE v_next_id BIGINT UNSIGNED;

  {{ ask_fresh }};
  SELECT COUNT(*), SUM(OCTET_LENGTH(task.payload))
  INTO v_found, v_bytes
  {{ received() }};

  IF v_found < JSON_LENGTH(out_tasks) OR v_bytes > {{ limit.receive_bytes }} THEN
    IF EXISTS (SELECT 1 FROM {{ given_messages("out_tasks") }} AS given WHERE queue IS NULL) THEN
      {{ raise("invalid_argument", "in_tasks: queue of each element must be a text of 1 to %d characters" % limit.queue) }};
    END IF;
    {{ settled }} SELECT JSON_ARRAYAGG(given.place)
    INTO out_wrong
    {{ received("<>") }};
    {{ keep("v_kept", "out_tasks") }};
    IF NOT v_fresh THEN
      CALL {{ p }}find_next_id(v_next_id);
      {{ settled }} SELECT {{ elements }}
      INTO v_unseen
      FROM (
        SELECT given.task_id, given.attempt, given.queue
        FROM {{ given_messages("out_tasks") }} AS given
        LEFT JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
        WHERE task.task_id IS NULL AND {{ is_given("given.task_id") }}
      ) AS unseen;
      IF v_unseen IS NOT NULL THEN
        {{ keep("v_more", "v_unseen", "LOCK IN SHARE MODE /* R16 */") }};
      END IF;
    END IF;
    SET out_tasks = JSON_MERGE_PRESERVE(COALESCE(v_kept, '[]'), COALESCE(v_more, '[]'));
  END IF;
END
