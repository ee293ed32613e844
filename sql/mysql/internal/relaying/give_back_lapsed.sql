CREATE PROCEDURE {{ p }}give_back_lapsed (
  IN in_now {{ instant }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: gives back one batch whose lease has run out unconfirmed; the next scan finds the next one.
  */
  DECLARE v_batch_id BIGINT;

  SELECT batch_id
  INTO v_batch_id
  FROM {{ p }}batch FORCE INDEX (lapse) /* R1 */
  WHERE lapses_at <= in_now
  ORDER BY lapses_at
  LIMIT 1
  FOR UPDATE SKIP LOCKED /* R11 */;

  IF v_batch_id IS NOT NULL THEN
    CALL {{ p }}give_back(v_batch_id);
  END IF;
END
