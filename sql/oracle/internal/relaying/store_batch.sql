PROCEDURE store_batch (
  in_ids IN ids,
  in_relay IN VARCHAR2,
  in_lease IN NUMBER,
  in_now IN TIMESTAMP,
  out_batch_id OUT NUMBER
)
/*
Internal: claims tasks as a batch of a relay. The caller has locked them.
*/
IS
  v_task_ids CLOB := json_array_of(in_ids);
BEGIN
  out_batch_id := {{ new_batch_id }};
  FORALL i IN 1 .. in_ids.COUNT
    UPDATE {{ p }}task
    SET
      lane = queue_id,
      batch_id = out_batch_id,
      ended_at = in_now,
      due_at = LEAST(in_now + {{ seconds("interval_seconds") }}, deadline_at)
    WHERE task_id = in_ids(i) AND (lane < 0 OR (lane > 0 AND due_at <= in_now));
  INSERT INTO {{ p }}batch (batch_id, relay, claimed_at, lapses_at, task_ids)
  VALUES (out_batch_id, in_relay, in_now, in_now + {{ seconds("in_lease") }}, v_task_ids);
END store_batch;
