CREATE PROCEDURE {{ p }}begin_again ()
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: gives up the locks of an INSERT that was refused (R18): gaps, in which others are about to insert. Only
  if the transaction is the procedure's own.
  */
  {{ rollback }};
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED /* R12 */;
  START TRANSACTION;
END
