CREATE PROCEDURE {{ p }}find_own_transaction (
  OUT out_own_transaction TINYINT
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: whether the caller has autocommit on and no transaction open, so that a call of two statements opens a
  transaction of its own. If so, the next transaction is in READ COMMITTED; else the server refuses SET TRANSACTION
  with error 1568.
  */
  SET out_own_transaction = @@autocommit;
  IF out_own_transaction THEN
    BEGIN
      DECLARE EXIT HANDLER FOR 1568 SET out_own_transaction = FALSE;
      SET TRANSACTION ISOLATION LEVEL READ COMMITTED /* R12 */;
    END;
  END IF;
END
