{%- macro check_number(key, low, high, unit="", or_null=false) -%}
IF {{ "" if or_null else "in_task.%s IS NULL OR " % key }}{{ no_integer("in_task." ~ key, low, high) }} THEN
    {{ raise("invalid_argument", "%s must be a whole number, %d to %d%s" % (key, low, high, unit)) }};
  END IF
{%- endmacro -%}
{%- macro check_time(key, or_null=false) -%}
{{ check_number(key, -limit.seconds, limit.seconds, " (seconds from now)", or_null) }}
{%- endmacro -%}
PROCEDURE import_one (
  in_task IN imported_task,
  in_now IN TIMESTAMP,
  out_outcome OUT VARCHAR2
)
/*
Internal: imports one task for import_tasks, finishes it or leaves it as it is; raises why it is refused.
*/
IS
  v_lane NUMBER;
  v_same NUMBER;
  v_queue_id NUMBER;
  v_paused NUMBER;
  v_delete_deadline NUMBER := COALESCE(in_task.delete_deadline, {{ default.delete_deadline }});
  v_task imported_task;
  v_deadline_at {{ instant }};
  v_ended_at {{ instant }};
  CURSOR c_here IS
    SELECT task.lane, task.name, task.payload, queue.queue, queue.namespace
    FROM {{ p }}task task
    JOIN {{ p }}queue queue ON queue.queue_id = task.queue_id
    WHERE task.task_id = in_task.task_id;
BEGIN
  {{ check_number("task_id", 1, limit.reserved) }};
  IF in_task.status IS NULL OR in_task.status NOT IN ({{ status.values() | join(", ") }}) THEN
    {{ raise("invalid_argument", "status must be one of %s" % (status.values() | join(", "))) }};
  END IF;

  FOR v_here IN c_here LOOP
    v_lane := v_here.lane;
    v_same := CASE
      WHEN {{ same("v_here.name", "in_task.name") }}
        AND {{ same("v_here.queue", "in_task.queue") }}
        AND {{ same("v_here.namespace", "in_task.namespace") }}
        AND (in_task.payload IS NULL OR v_here.payload = in_task.payload) THEN 1
      ELSE 0
    END;
  END LOOP;
  IF v_same = 0 THEN
    {{ raise("invalid_argument", "another task has this id") }};
  ELSIF v_lane <> 0 AND in_task.status = {{ status.finished }} THEN
    UPDATE {{ p }}task
    SET
      lane = 0,
      status = {{ status.finished }},
      ended_at = in_now,
      due_at = in_now + {{ seconds("delete_deadline") }}
    WHERE task_id = in_task.task_id
      AND lane <> 0;
    out_outcome := 'finished';
    RETURN;
  ELSIF v_same = 1 THEN
    out_outcome := 'present';
    RETURN;
  END IF;

  check_task(NULL, in_task.name, in_task.payload, in_task.interval_seconds, in_task.queue);
  check_options(
    NULL, in_task.namespace, in_task.order_no, NULL, in_task.delete_deadline, in_task.max_count, NULL
  );
  {{ check_number("attempts", 0, limit.max_count) }};
  {{ check_number("max_count", 1, limit.max_count) }};
  {{ check_time("created") }};
  {{ check_time("deadline") }};
  {{ check_time("started", or_null=true) }};
  {{ check_time("due", or_null=true) }};
  {{ check_time("ended", or_null=true) }};
  find_queue(in_task.namespace, in_task.queue, v_queue_id, v_paused);

  v_deadline_at := in_now + {{ seconds("in_task.deadline") }};
  IF in_task.status NOT IN ({{ status.waiting }}, {{ status.processing }}) THEN
    v_ended_at := in_now + {{ seconds("COALESCE(in_task.ended, 0)") }};
  END IF;
  INSERT INTO {{ p }}task (
    task_id, lane, queue_id, status, attempts, max_count, interval_seconds, delete_deadline, created_at, started_at,
    deadline_at, ended_at, due_at, name, order_no, payload, last_error
  )
  VALUES (
    in_task.task_id,
    CASE WHEN v_ended_at IS NULL THEN v_queue_id ELSE 0 END,
    v_queue_id, in_task.status, in_task.attempts, in_task.max_count, in_task.interval_seconds, v_delete_deadline,
    in_now + {{ seconds("in_task.created") }},
    COALESCE(in_now + {{ seconds("in_task.started") }}, {{ beginning_of_time }}),
    v_deadline_at,
    COALESCE(v_ended_at, {{ beginning_of_time }}),
    COALESCE(
      v_ended_at + {{ seconds("CASE
        WHEN in_task.status = %d OR v_delete_deadline > 0 THEN v_delete_deadline
        ELSE %d
      END" % (status.finished, default.keep_unfinished)) }},
      LEAST(in_now + {{ seconds("COALESCE(in_task.due, 0)") }}, v_deadline_at)
    ),
    in_task.name, in_task.order_no, in_task.payload, SUBSTR(in_task.error, 1, {{ limit.error }})
  );
  out_outcome := 'imported';
EXCEPTION
  WHEN DUP_VAL_ON_INDEX THEN
    SELECT COUNT(*) INTO v_same FROM {{ p }}task WHERE task_id = in_task.task_id;
    IF v_same = 1 THEN
      -- Somebody has just imported it.
      import_one(in_task, in_now, out_outcome);
    ELSIF v_ended_at IS NOT NULL OR in_task.order_no IS NULL OR ({{ is_other_index }}) THEN
      RAISE;
    ELSE
      v_task := in_task;
      v_task.status := {{ status.cancelled }};
      v_task.ended := 0;
      v_task.error := 'imported while another task with its order number was active';
      import_one(v_task, in_now, out_outcome);
      out_outcome := 'cancelled';
    END IF;
END import_one;
