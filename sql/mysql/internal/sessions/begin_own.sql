CREATE PROCEDURE {{ p }}begin_own (
  OUT out_own_transaction TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: opens a transaction if the caller has autocommit on and none open, and tells whether it has.
  */
  CALL {{ p }}find_own_transaction(out_own_transaction);
  IF out_own_transaction THEN
    START TRANSACTION;
  END IF;
END
