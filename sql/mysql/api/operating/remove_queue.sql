CREATE PROCEDURE {{ p }}remove_queue (
  IN in_queue {{ text }},
  IN in_namespace {{ text }},
  OUT out_deleted TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_now {{ instant }};
  DECLARE v_queue_id INT;
  DECLARE v_removed_at {{ instant }};
  DECLARE v_used TINYINT;

  CALL {{ p }}check_queue(in_queue, in_namespace);
  CALL {{ p }}begin_work();
  SET v_now = {{ now }};
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    SELECT queue_id
    INTO v_queue_id
    FROM {{ p }}queue
    WHERE namespace = COALESCE(in_namespace, '{{ default.namespace }}') AND queue = in_queue;
    -- By its number, since creations read, and so lock, the entry of its name.
    SELECT MAX(queue_id), MAX(removed_at)
    INTO v_queue_id, v_removed_at
    FROM {{ p }}queue
    WHERE queue_id = v_queue_id
    FOR UPDATE /* R8 */;
    IF v_queue_id IS NULL THEN
      {{ raise("queue_not_found", "no queue of this in_queue is registered in this in_namespace") }};
    END IF;

    SELECT {{ has_active("v_queue_id") }} INTO v_used;
    IF v_used THEN
      {{ raise("queue_in_use", "the queue has active tasks: cancel them or let them end") }};
    END IF;

    IF v_removed_at <= v_now - INTERVAL {{ default.queue_rest }} SECOND THEN
      SELECT COUNT(*)
      INTO v_used
      FROM (
        SELECT 1 AS found FROM {{ p }}task FORCE INDEX (due) /* R9 */ WHERE lane = 0 AND queue_id = v_queue_id LIMIT 1
      ) AS ended;
      SET out_deleted = NOT v_used;
    ELSE
      SET out_deleted = FALSE;
    END IF;

    IF out_deleted THEN
      DELETE FROM {{ p }}queue
      WHERE queue_id = v_queue_id;
      DELETE FROM {{ p }}low_end
      WHERE lane = v_queue_id;
    ELSE
      UPDATE {{ p }}queue
      SET removed_at = COALESCE(removed_at, v_now), paused_at = NULL
      WHERE queue_id = v_queue_id;
    END IF;
    {{ commit }};
  END;
  SELECT out_deleted AS deleted;
END
