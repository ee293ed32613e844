PROCEDURE remove_queue (
  in_queue IN VARCHAR2,
  in_namespace IN VARCHAR2 DEFAULT NULL,
  out_deleted OUT NUMBER
)
/*
Removes a queue that has no active task: scans, statistics and max_queues pass over it, and it is not paused any
more. The next creation registers it again. Its row stays for a day at least, because transactions that began
earlier may still create tasks by its number; a call after that deletes it if no task, terminal ones included, is left.

Parameters
  in_queue      name of the queue, 1 to {{ limit.queue }} characters
  in_namespace  1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
Result
  out_deleted   1 if it is gone for good, 0 if its number stays for now
Errors
  invalid_argument, transaction_open,
  queue_not_found (no such queue is registered),
  queue_in_use (it has active tasks)
Transaction
  Commits by itself.
*/
IS
  v_now {{ instant }};
  v_namespace VARCHAR2(32767) := COALESCE(in_namespace, '{{ default.namespace }}');
  v_queue_id NUMBER;
  v_removed_at {{ instant }};
  v_active NUMBER;
BEGIN
  {{ enter("remove_queue") }};
  check_queue(in_queue, in_namespace);
  begin_work;
  v_now := {{ now }};
  BEGIN
    SELECT MAX(queue_id)
    INTO v_queue_id
    FROM {{ p }}queue
    WHERE {{ same("namespace", "v_namespace") }} AND {{ same("queue", "in_queue") }};
    IF v_queue_id IS NULL THEN
      {{ raise("queue_not_found", "no queue of this in_queue is registered in this in_namespace") }};
    END IF;
    UPDATE {{ p }}queue
    SET removed_at = COALESCE(removed_at, v_now), paused_at = NULL
    WHERE queue_id = v_queue_id
    RETURNING removed_at INTO v_removed_at;

    SELECT COUNT(*)
    INTO v_active
    FROM dual
    WHERE {{ has_active("v_queue_id") }};
    IF v_active > 0 THEN
      {{ raise("queue_in_use", "the queue has active tasks: cancel them or let them end") }};
    END IF;

    out_deleted := 0;
    IF v_removed_at <= v_now - {{ seconds(default.queue_rest) }} THEN
      DELETE FROM {{ p }}queue
      WHERE queue_id = v_queue_id AND NOT EXISTS (
        SELECT /*+ INDEX_FFS(task {{ p }}due) */ /* O5 */ 1
        FROM {{ p }}task task
        WHERE task.lane = 0 AND task.queue_id = v_queue_id
      );
      out_deleted := SQL%ROWCOUNT;
    END IF;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
END remove_queue;
