CREATE PROCEDURE {{ p }}create_tick (
  IN in_namespace VARCHAR({{ limit.namespace }}) {{ string }},
  IN in_schedule VARCHAR({{ limit.schedule }}) {{ string }},
  IN in_tick_at {{ instant }},
  IN in_by_hand TINYINT,
  OUT out_task_id BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: creates the task of a tick, due at once. The caller has locked the schedule. NULL: the last task is active,
  and ticks do not overlap. A task that is made by hand minds no other, and has no order number.
  */
  DECLARE v_tick VARCHAR(20) {{ string }} DEFAULT {{ tick_of("in_tick_at") }};
  DECLARE v_name VARCHAR({{ limit.name }}) {{ string }};
  DECLARE v_queue VARCHAR({{ limit.queue }}) {{ string }};
  DECLARE v_payload {{ text }};
  DECLARE v_interval BIGINT;
  DECLARE v_options {{ text }};
  DECLARE v_overlap VARCHAR(5) {{ string }};
  DECLARE v_last_task_id BIGINT;
  DECLARE v_active INT DEFAULT 0;
  DECLARE v_created TINYINT;
  DECLARE v_pushable TINYINT;

  SELECT
    name, queue, {{ with_tick("payload", "v_tick") }}, interval_seconds, overlap, last_task_id,
    JSON_OBJECT(
      'namespace', namespace,
      'order_no', IF(in_by_hand, NULL, CONCAT('schedule:', schedule, ':', v_tick)),
      'deadline', deadline,
      'delete_deadline', delete_deadline,
      'max_count', max_count,
      'on_failure', on_failure
    )
  INTO v_name, v_queue, v_payload, v_interval, v_overlap, v_last_task_id, v_options
  FROM {{ p }}schedule
  WHERE namespace = in_namespace AND schedule = in_schedule
  FOR UPDATE /* R16 */;

  IF v_overlap = 'skip' AND NOT in_by_hand THEN
    SELECT COUNT(*)
    INTO v_active
    FROM {{ p }}task
    WHERE task_id = v_last_task_id AND lane <> 0;
  END IF;
  IF v_active = 0 THEN
    CALL {{ p }}add_task(
      v_name, v_payload, 0, v_interval, v_queue, v_options, out_task_id, v_created, v_pushable
    );
    UPDATE {{ unrefused }} {{ p }}schedule
    SET last_at = in_tick_at, last_task_id = out_task_id
    WHERE namespace = in_namespace AND schedule = in_schedule;
  END IF;
END
