PROCEDURE release_batch (
  in_batch_id IN NUMBER,
  in_relay IN VARCHAR2
)
/*
Says that a batch could not be pushed: its tasks are due again at once.

Parameters
  in_batch_id   the batch that scan_tasks returned
  in_relay      the relay that claimed it
Errors
  invalid_argument, transaction_open,
  batch_not_found (confirmed or released before, or given back after its lease)
Transaction
  Commits by itself.
*/
IS
  v_relay VARCHAR2(32767) := {{ cut("in_relay", limit.relay) }};
  v_batch_id NUMBER;
BEGIN
  {{ enter("release_batch") }};
  IF in_batch_id IS NULL OR in_relay IS NULL THEN
    {{ raise("invalid_argument", "in_batch_id and in_relay must not be NULL") }};
  END IF;

  begin_work;
  BEGIN
    SELECT batch_id
    INTO v_batch_id
    FROM {{ p }}batch
    WHERE batch_id = in_batch_id AND {{ same("relay", "v_relay") }}
    FOR UPDATE; /* O7 */
    give_back(v_batch_id);
  EXCEPTION
    WHEN NO_DATA_FOUND THEN
      ROLLBACK;
      {{ raise("batch_not_found", "in_relay has no such unconfirmed batch") }};
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
END release_batch;
