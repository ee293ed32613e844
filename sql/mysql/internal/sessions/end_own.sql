CREATE PROCEDURE {{ p }}end_own (
  IN in_commit TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: ends the transaction that begin_own has opened.
  */
  IF in_commit THEN
    {{ commit }};
  ELSE
    {{ rollback }};
  END IF;
END
