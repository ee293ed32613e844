CREATE PROCEDURE {{ p }}begin_work ()
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: opens the transaction of a procedure that commits by itself, in READ COMMITTED, so that its
  locking reads take no gaps. If the caller's own transaction is open, the server refuses
  SET TRANSACTION with error 1568.
  */
  DECLARE EXIT HANDLER FOR 1568
    {{ raise("transaction_open", "this procedure commits by itself: end your transaction first") }};

  SET TRANSACTION ISOLATION LEVEL READ COMMITTED /* R12 */;
  START TRANSACTION;
END
