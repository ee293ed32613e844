PROCEDURE forget_process (
  in_name IN VARCHAR2
)
/*
Says that a relay or a worker has ended as it was asked to: it has not vanished. One that is not known is no error.

Parameters
  in_name       of the process, as report_process was given it
Errors
  invalid_argument, transaction_open
Transaction
  Commits by itself.
*/
IS
BEGIN
  {{ enter("forget_process") }};
  {{ check_name("in_name", limit.relay) }};

  begin_work;
  BEGIN
    DELETE FROM {{ p }}process
    WHERE {{ same("name", "in_name") }};
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
END forget_process;
