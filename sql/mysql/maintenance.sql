CREATE EVENT {{ p }}maintenance
ON SCHEDULE EVERY {{ maintenance_minutes }} MINUTE
COMMENT '{{ comment }}'
DO
BEGIN
  /*
  Fails and deletes the tasks whose time has come, so that the tables stay small where no relay runs.
  A run that finds an earlier one still at work leaves the work to it; an error ends the run, and the
  next one goes on.
  */
  DECLARE v_some INT;

  -- The lock ends with the session, and each run has its own.
  IF GET_LOCK(CONCAT('{{ p }}maintenance ', LEFT(SHA2(DATABASE(), 256), 32)), 0) THEN
    REPEAT
      CALL {{ p }}expire_tasks({{ default.maintenance_rows }}, v_some);
    UNTIL v_some < {{ default.maintenance_rows }} END REPEAT;
    REPEAT
      CALL {{ p }}purge_tasks({{ default.maintenance_rows }}, v_some);
    UNTIL v_some < {{ default.maintenance_rows }} END REPEAT;
  END IF;
END
