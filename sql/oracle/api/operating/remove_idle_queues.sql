PROCEDURE remove_idle_queues (
  in_idle IN NUMBER,
  in_limit IN NUMBER,
  out_removed OUT NUMBER,
  out_deleted OUT NUMBER
)
/*
Removes idle queues as remove_queue does: those that have no active task and are not paused. Deletes what was removed
in_idle seconds ago, has not been used since and has no task, terminal ones included. Call it until both numbers are
less than in_limit.

Parameters
  in_idle       seconds, {{ default.queue_rest }} (a day) to {{ limit.seconds }}
  in_limit      most queues to remove, and most to delete, 1 to {{ limit.rows }}
Result
  out_removed   how many were removed
  out_deleted   how many are gone for good
Errors
  invalid_argument, transaction_open
Transaction
  Commits by itself.
*/
IS
  v_now {{ instant }};
BEGIN
  {{ enter("remove_idle_queues") }};
  {{ check_integer("in_idle", default.queue_rest, limit.seconds, " (seconds)") }};
  {{ check_integer("in_limit", 1, limit.rows) }};

  begin_work;
  v_now := {{ now }};
  BEGIN
    keep_used;

    -- One walk over all tasks, for all of them.
    DELETE FROM {{ p }}queue
    WHERE removed_at <= v_now - {{ seconds("in_idle") }} AND queue_id IN (
      SELECT queue.queue_id
      FROM {{ p }}queue queue
      WHERE queue.removed_at <= v_now - {{ seconds("in_idle") }}
        AND queue.queue_id NOT IN (SELECT /*+ INDEX_FFS(task {{ p }}due) */ /* O5 */ task.queue_id FROM {{ p }}task task)
      FETCH FIRST in_limit ROWS ONLY
    );
    out_deleted := SQL%ROWCOUNT;

    UPDATE {{ p }}queue
    SET removed_at = v_now
    WHERE removed_at IS NULL AND paused_at IS NULL AND queue_id IN (
      SELECT queue.queue_id
      FROM {{ p }}queue queue
      WHERE queue.removed_at IS NULL
        AND queue.paused_at IS NULL
        AND NOT {{ has_active("queue.queue_id") }}
      FETCH FIRST in_limit ROWS ONLY
    );
    out_removed := SQL%ROWCOUNT;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
END remove_idle_queues;
