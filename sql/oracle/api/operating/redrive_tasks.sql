PROCEDURE redrive_tasks (
  in_queue IN VARCHAR2 DEFAULT NULL,
  in_namespace IN VARCHAR2 DEFAULT NULL,
  in_age IN NUMBER DEFAULT NULL,
  in_limit IN NUMBER,
  out_redriven OUT NUMBER
)
/*
Makes tasks due again that are queued and waiting, in one short transaction: for when Redis has lost their
messages. All others keep their times: a delay, the delay after a failure, the push grace. Call it until it
redrives fewer than it may.

Parameters
  in_queue      of this queue; NULL is any
  in_namespace  of this namespace; NULL is any
  in_age        queued at least so many seconds ago, 0 to {{ limit.seconds }}; NULL is 0. Relays claim what
                was redriven: who calls again passes the seconds since the first call
  in_limit      most tasks to redrive, 1 to {{ limit.rows }}
Result
  out_redriven  how many are due again
Errors
  invalid_argument, transaction_open
Transaction
  Commits by itself.
*/
IS
  v_now {{ instant }};
  v_queue VARCHAR2(32767) := {{ cut("in_queue", limit.queue) }};
  v_namespace VARCHAR2(32767) := {{ cut("in_namespace", limit.namespace) }};
  v_ids ids;
  v_left NUMBER := in_limit;
  CURSOR c_queues IS
    SELECT queue_id
    FROM {{ p }}queue
    WHERE (v_queue IS NULL OR {{ same("queue", "v_queue") }})
      AND (v_namespace IS NULL OR {{ same("namespace", "v_namespace") }});
  CURSOR c_queued (in_lane NUMBER) IS
    SELECT /*+ INDEX(task {{ p }}due) */ /* O2 */ task.task_id
    FROM {{ p }}task task
    WHERE task.lane = in_lane
      AND task.due_at > v_now
      AND task.status = {{ status.waiting }}
      AND task.batch_id > 0
      -- A time that lies well ahead is one from before the clock was set back.
      AND (task.ended_at <= v_now - {{ seconds("COALESCE(in_age, 0)") }} OR task.ended_at > v_now + {{ seconds("60") }})
    ORDER BY task.due_at, task.task_id
    FOR UPDATE SKIP LOCKED; /* O1 */
BEGIN
  {{ enter("redrive_tasks") }};
  {{ check_integer("in_age", 0, limit.seconds, " (seconds)", or_null=true) }};
  {{ check_integer("in_limit", 1, limit.rows) }};

  begin_work;
  v_now := {{ now }};
  BEGIN
    FOR v_each IN c_queues LOOP
      OPEN c_queued(v_each.queue_id);
      FETCH c_queued BULK COLLECT INTO v_ids LIMIT v_left;
      CLOSE c_queued;
      FORALL i IN 1 .. v_ids.COUNT
        UPDATE {{ p }}task
        SET
          due_at = v_now,
          batch_id = 0
        WHERE task_id = v_ids(i) AND status = {{ status.waiting }} AND batch_id > 0 AND due_at > v_now;
      v_left := v_left - v_ids.COUNT;
      EXIT WHEN v_left = 0;
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
  out_redriven := in_limit - v_left;
END redrive_tasks;
