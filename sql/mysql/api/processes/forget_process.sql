CREATE PROCEDURE {{ p }}forget_process (
  IN in_name {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Says that a relay or a worker has ended as it was asked to: it has not vanished. One that is not known is no error.

  Parameters
    in_name       of the process, as report_process was given it
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  {{ check_name("in_name", limit.relay) }};

  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    DELETE FROM {{ p }}process
    WHERE name = in_name;
    {{ commit }};
  END;
END
