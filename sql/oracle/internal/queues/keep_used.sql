PROCEDURE keep_used
/*
Internal: registers removed queues again that have an active task: it was retried, or created by a transaction
whose snapshot does not show that they were removed.
*/
IS
BEGIN
  UPDATE {{ p }}queue queue
  SET queue.removed_at = NULL
  WHERE queue.removed_at IS NOT NULL
    AND {{ has_active("queue.queue_id") }};
END keep_used;
