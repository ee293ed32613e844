PROCEDURE create_tick (
  in_namespace IN VARCHAR2,
  in_schedule IN VARCHAR2,
  in_tick_at IN TIMESTAMP,
  in_by_hand IN NUMBER,
  out_task_id OUT NUMBER
)
/*
Internal: creates the task of a tick, due at once. The caller has locked the schedule. NULL: the last task is active,
and ticks do not overlap. A task that is made by hand minds no other, and has no order number.
*/
IS
  v_tick VARCHAR2(20 CHAR) := {{ tick_of("in_tick_at") }};
  v_name VARCHAR2({{ limit.name }} CHAR);
  v_queue VARCHAR2({{ limit.queue }} CHAR);
  v_payload CLOB;
  v_interval NUMBER;
  v_overlap VARCHAR2(5 CHAR);
  v_last_task_id NUMBER;
  v_deadline NUMBER;
  v_delete_deadline NUMBER;
  v_max_count NUMBER;
  v_on_failure VARCHAR2({{ limit.queue }} CHAR);
  v_active NUMBER := 0;
  v_created NUMBER;
  v_pushable NUMBER;
BEGIN
  SELECT
    name, queue, payload, interval_seconds, overlap, last_task_id, deadline, delete_deadline, max_count, on_failure
  INTO
    v_name, v_queue, v_payload, v_interval, v_overlap, v_last_task_id, v_deadline, v_delete_deadline, v_max_count,
    v_on_failure
  FROM {{ p }}schedule
  WHERE {{ same("namespace", "in_namespace") }} AND {{ same("schedule", "in_schedule") }}
  FOR UPDATE; /* O7 */

  IF {{ is_word("v_overlap", "skip") }} AND in_by_hand = 0 THEN
    SELECT COUNT(*)
    INTO v_active
    FROM {{ p }}task
    WHERE task_id = v_last_task_id AND lane <> 0;
  END IF;
  IF v_active = 0 THEN
    add_task(
      v_name, {{ with_tick("v_payload", "v_tick") }}, 0, v_interval, v_queue, in_namespace,
      CASE in_by_hand WHEN 0 THEN 'schedule:' || in_schedule || ':' || v_tick END,
      v_deadline, v_delete_deadline, v_max_count, v_on_failure, out_task_id, v_created, v_pushable
    );
    UPDATE {{ p }}schedule
    SET last_at = in_tick_at, last_task_id = out_task_id
    WHERE {{ same("namespace", "in_namespace") }} AND {{ same("schedule", "in_schedule") }};
  END IF;
END create_tick;
