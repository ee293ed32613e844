PROCEDURE give_back (
  in_batch_id IN NUMBER
)
/*
Internal: makes those tasks of a batch due again that nobody has touched since, and forgets the batch.
They keep their place in the queue: due since the batch was claimed, or now if the clock was set back.
*/
IS
  CURSOR c_untouched IS
    SELECT task_id
    FROM {{ p }}task
    WHERE task_id IN (
        SELECT /*+ CARDINALITY(given 100) */ /* O3 */ given.task_id
        FROM {{ p }}batch batch, JSON_TABLE(batch.task_ids, '$[*]' COLUMNS (task_id NUMBER PATH '$')) given
        WHERE batch.batch_id = in_batch_id
      )
      AND batch_id = in_batch_id
      AND lane > 0
    FOR UPDATE SKIP LOCKED; /* O1 */
  v_now {{ instant }} := {{ now }};
  v_untouched ids;
  v_claimed_at {{ instant }};
BEGIN
  SELECT claimed_at
  INTO v_claimed_at
  FROM {{ p }}batch
  WHERE batch_id = in_batch_id;

  -- A task that somebody has locked is in a consumer's hands: its message has arrived.
  OPEN c_untouched;
  FETCH c_untouched BULK COLLECT INTO v_untouched LIMIT {{ limit.rows }};
  CLOSE c_untouched;

  FORALL i IN 1 .. v_untouched.COUNT
    UPDATE {{ p }}task
    SET
      due_at = LEAST(v_claimed_at, v_now),
      batch_id = 0
    WHERE task_id = v_untouched(i) AND batch_id = in_batch_id AND lane > 0;

  DELETE FROM {{ p }}batch
  WHERE batch_id = in_batch_id;
END give_back;
