{#- The object that tells of a failed task, without its end. -#}
{%- set failed_task -%}
JSON_OBJECT(
          'task_id', task.task_id, 'name', task.name, 'queue', v_from, 'order_no', task.order_no,
          'attempts', task.attempts, 'status', task.status, 'reason', task.last_error
        )
{%- endset -%}
{#- What is longer than max_allowed_packet is NULL. -#}
{%- set too_large -%}
OCTET_LENGTH(task.payload) > {{ limit.wrapped_payload }}
            OR OCTET_LENGTH(task.payload) + 32768 > @@max_allowed_packet
{%- endset -%}
{%- set failed -%}
(
        SELECT DISTINCT task_id
        FROM JSON_TABLE(in_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS element
      ) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
{%- endset -%}
CREATE PROCEDURE {{ p }}create_follow_ups (
  IN in_ids {{ text }},
  IN in_now {{ instant }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: for each of these tasks, which have just ended in failure, that names a queue in on_failure, creates a task there:
  in its namespace, due at once, with the failed task in its payload. Nothing keeps a task from failing: if the queue cannot
  be registered, last_error tells of it; a payload that is too large is null there.
  */
  DECLARE v_batch_id BIGINT DEFAULT -{{ new_batch_id }};
  DECLARE v_wanted {{ text }};
  DECLARE v_count INT;
  DECLARE v_place INT DEFAULT 0;
  DECLARE v_from_id INT;
  DECLARE v_from VARCHAR({{ limit.queue }}) {{ string }};
  DECLARE v_namespace VARCHAR({{ limit.namespace }}) {{ string }};
  DECLARE v_queue VARCHAR({{ limit.queue }}) {{ string }};
  DECLARE v_queue_id INT;
  DECLARE v_paused TINYINT;
  DECLARE v_zeros INT;
  DECLARE v_tries INT;
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();

  {{ settled }} SELECT JSON_ARRAYAGG(JSON_OBJECT('queue_id', queue_id, 'on_failure', on_failure)), COUNT(*)
  INTO v_wanted, v_count
  FROM (
    SELECT DISTINCT task.on_failure, task.queue_id
    FROM {{ failed }}
    WHERE task.on_failure IS NOT NULL
    ORDER BY task.on_failure, task.queue_id
    LIMIT {{ limit.rows }}
  ) AS wanted;
  IF v_count > 0 THEN
    CALL {{ p }}check_session();
  END IF;

  WHILE v_place < v_count DO
    SET
      v_from_id = JSON_EXTRACT(v_wanted, CONCAT('$[', v_place, '].queue_id')),
      v_queue = JSON_UNQUOTE(JSON_EXTRACT(v_wanted, CONCAT('$[', v_place, '].on_failure'))),
      v_place = v_place + 1,
      v_namespace = NULL,
      v_queue_id = NULL,
      v_tries = 0;
    SELECT namespace, queue INTO v_namespace, v_from FROM {{ p }}queue WHERE queue_id = v_from_id;
    IF v_namespace IS NULL THEN
      -- It was registered after the caller's snapshot.
      SELECT namespace, queue
      INTO v_namespace, v_from
      FROM {{ p }}queue
      WHERE queue_id = v_from_id
      LOCK IN SHARE MODE /* R16 */;
    END IF;
    BEGIN
      DECLARE EXIT HANDLER FOR {{ error.queue_not_allowed }}, {{ error.too_many_queues }} SET v_queue_id = NULL;
      CALL {{ p }}find_queue(v_namespace, v_queue, v_queue_id, v_paused);
    END;

    IF v_queue_id IS NULL THEN
      {{ settled }} UPDATE {{ failed }}
      SET task.last_error = LEFT(CONCAT(
        'on_failure: the queue may not be registered, so that no task was created',
        COALESCE(CONCAT(': ', task.last_error), '')
      ), {{ limit.error }})
      WHERE task.queue_id = v_from_id AND task.on_failure = v_queue;
    ELSE
      -- R24: the server takes a wish for the number 0 once.
      REPEAT
        SET v_tries = v_tries + 1;
        {{ checked }} INSERT INTO {{ p }}task (
          {{ new_task_columns }}
        )
        SELECT
          v_queue_id, v_queue_id, {{ status.waiting }}, task.name, NULL,
          CONCAT(
            '{"failed_task": ', LEFT({{ failed_task }}, CHAR_LENGTH({{ failed_task }}) - 1),
            ', "payload": ', IF({{ too_large }}, 'null', task.payload), '}', '}'
          ),
          task.interval_seconds, {{ default.delete_deadline }}, {{ default.max_count }}, v_batch_id - 1,
          in_now, in_now + INTERVAL {{ default.deadline }} SECOND, in_now, NULL
        FROM {{ failed }}
        WHERE task.queue_id = v_from_id AND task.on_failure = v_queue
        ORDER BY task.task_id;
        CALL {{ p }}forget_zeros(v_batch_id, v_zeros);
      UNTIL v_zeros = 0 OR v_tries > {{ limit.races }} END REPEAT;
    END IF;
  END WHILE;
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id) /* R21 */;
END
