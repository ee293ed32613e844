PROCEDURE begin_work
/*
Internal: refuses a caller's open transaction, which a procedure that commits by itself would commit, too.
*/
IS
BEGIN
  IF DBMS_TRANSACTION.LOCAL_TRANSACTION_ID IS NOT NULL THEN /* O8 */
    {{ raise("transaction_open", "this procedure commits by itself: end your transaction first") }};
  END IF;
END begin_work;
