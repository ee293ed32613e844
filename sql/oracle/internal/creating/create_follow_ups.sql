PROCEDURE create_follow_ups (
  in_ids IN ids,
  in_now IN TIMESTAMP
)
/*
Internal: for each of these tasks, which have just ended in failure, that names a queue in on_failure, creates a task there:
in its namespace, due at once, with the failed task in its payload. Nothing keeps a task from failing: if the queue cannot
be registered, last_error tells of it; a payload that is too large is null there.
*/
IS
  CURSOR c_failed (in_task_id NUMBER) IS
    SELECT
      queue.namespace, task.on_failure, task.name, task.interval_seconds, task.payload,
      JSON_OBJECT(
        'task_id' VALUE task.task_id,
        'name' VALUE task.name,
        'queue' VALUE queue.queue,
        'order_no' VALUE task.order_no,
        'attempts' VALUE task.attempts,
        'status' VALUE task.status,
        'reason' VALUE task.last_error
        RETURNING CLOB
      ) AS failed_task
    FROM {{ p }}task task
    JOIN {{ p }}queue queue ON queue.queue_id = task.queue_id
    WHERE task.task_id = in_task_id AND task.on_failure IS NOT NULL;
  v_queue_id NUMBER;
  v_paused NUMBER;
  v_payload CLOB;
BEGIN
  FOR i IN 1 .. in_ids.COUNT LOOP
    FOR v_failed IN c_failed(in_ids(i)) LOOP
      v_queue_id := NULL;
      BEGIN
        find_queue(v_failed.namespace, v_failed.on_failure, v_queue_id, v_paused);
      EXCEPTION
        WHEN queue_not_allowed OR too_many_queues THEN
          UPDATE {{ p }}task
          SET last_error = SUBSTR(
            TO_CLOB('on_failure: the queue may not be registered, so that no task was created')
              || CASE WHEN last_error IS NOT NULL THEN ': ' END || last_error, 1, {{ limit.error }}
          )
          WHERE task_id = in_ids(i);
      END;
      IF v_queue_id IS NOT NULL THEN
        v_payload := v_failed.payload;
        IF LENGTH(v_payload) * 4 > {{ limit.wrapped_payload }} AND utf8_length(v_payload) > {{ limit.wrapped_payload }} THEN
          v_payload := 'null';
        END IF;
        v_payload := TO_CLOB('{"failed_task": ') || SUBSTR(v_failed.failed_task, 1, LENGTH(v_failed.failed_task) - 1)
          || ', "payload": ' || v_payload || '}' || '}';
        INSERT INTO {{ p }}task (
          {{ new_task_columns }}
        )
        VALUES (
          {{ p }}task_seq.NEXTVAL, v_queue_id, v_queue_id, {{ status.waiting }},
          v_failed.name, NULL, v_payload, v_failed.interval_seconds,
          {{ default.delete_deadline }},
          {{ default.max_count }},
          in_now,
          in_now + {{ seconds(default.deadline) }},
          in_now,
          NULL
        );
      END IF;
    END LOOP;
  END LOOP;
END create_follow_ups;
