CREATE PROCEDURE {{ p }}begin_work ()
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: opens the transaction of a procedure that commits by itself, in READ COMMITTED, so that its
  locking reads take no gaps. Where the caller's own transaction is open the server refuses
  SET TRANSACTION with error 1568.
  */
  DECLARE EXIT HANDLER FOR 1568
    {{ raise("transaction_open", "this procedure commits by itself: end your transaction first") }};

  -- MariaDB cuts JSON_ARRAYAGG there; the default of one MiB holds the ids of any batch.
  IF @@SESSION.group_concat_max_len < 1048576 THEN
    SET SESSION group_concat_max_len = 1048576;
  END IF;
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
  START TRANSACTION;
END
