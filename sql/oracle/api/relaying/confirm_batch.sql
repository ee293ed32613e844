PROCEDURE confirm_batch (
  in_batch_id IN NUMBER,
  in_relay IN VARCHAR2
)
/*
Says that all messages of a batch are in Redis; its journal entry is deleted.

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
BEGIN
  {{ enter("confirm_batch") }};
  IF in_batch_id IS NULL OR in_relay IS NULL THEN
    {{ raise("invalid_argument", "in_batch_id and in_relay must not be NULL") }};
  END IF;

  begin_work;
  BEGIN
    DELETE FROM {{ p }}batch
    WHERE batch_id = in_batch_id AND {{ same("relay", "v_relay") }};
    IF SQL%ROWCOUNT = 0 THEN
      {{ raise("batch_not_found", "in_relay has no such unconfirmed batch") }};
    END IF;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
END confirm_batch;
