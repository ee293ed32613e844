CREATE PROCEDURE {{ p }}release_batch (
  IN in_batch_id BIGINT,
  IN in_relay {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_batch_id BIGINT;

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

    SELECT batch_id
    INTO v_batch_id
    FROM {{ p }}batch
    WHERE batch_id = in_batch_id AND relay = in_relay
    FOR UPDATE /* R16 */;
    IF v_batch_id IS NULL THEN
      {{ raise("batch_not_found", "in_relay has no such unconfirmed batch") }};
    END IF;
    CALL {{ p }}give_back(v_batch_id);
    {{ commit }};
  END;
END
