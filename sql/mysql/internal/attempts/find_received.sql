{%- macro looked_at() -%}
SELECT queue.queue, task.payload
    INTO v_queue, out_payload
    FROM {{ p }}task AS task
    JOIN {{ p }}queue AS queue ON queue.queue_id = task.queue_id
    WHERE task.task_id = in_task_id
{%- endmacro -%}
CREATE PROCEDURE {{ p }}find_received (
  IN in_task_id BIGINT,
  IN in_queue {{ text }},
  OUT out_payload {{ text }}
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: the payload of a task, if it belongs to a queue of this name; raises wrong_queue if not. Neither changes
  once the task is created, so that a plain read is enough. A task that an older snapshot hides is looked for again.
  */
  DECLARE v_fresh TINYINT DEFAULT TRUE;
  DECLARE v_queue {{ text }};
  DECLARE v_next_id BIGINT UNSIGNED;

  {{ ask_fresh }};
  {{ looked_at() }};
  IF v_queue IS NULL AND NOT v_fresh THEN
    CALL {{ p }}find_next_id(v_next_id);
    IF {{ is_given("in_task_id") }} THEN
      {{ looked_at() }}
      LOCK IN SHARE MODE /* R16 */;
    END IF;
  END IF;
  IF v_queue IS NULL THEN
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
  ELSEIF v_queue <> in_queue THEN
    {{ raise("wrong_queue", "the task does not belong to in_queue") }};
  END IF;
END
