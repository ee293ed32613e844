CREATE PROCEDURE {{ p }}confirm_batch (
  IN in_batch_id BIGINT,
  IN in_relay {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  IF in_batch_id IS NULL OR in_relay IS NULL THEN
    {{ raise("invalid_argument", "in_batch_id and in_relay must not be NULL") }};
  END IF;

  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    DELETE FROM {{ p }}batch
    WHERE batch_id = in_batch_id AND relay = in_relay;
    IF ROW_COUNT() = 0 THEN
      {{ raise("batch_not_found", "in_relay has no such unconfirmed batch") }};
    END IF;
    {{ commit }};
  END;
END
