CREATE EVENT {{ p }}maintenance
ON SCHEDULE EVERY {{ maintenance_minutes }} MINUTE
COMMENT '{{ comment }}'
DO
BEGIN
  /*
  Runs due schedules that tick every so many seconds, fails overdue tasks and purges terminal ones, so that tasks come
  and the tables stay small if no relay runs.
  A run that is not through when the next one begins ends with its step; both share the work until then.
  An error ends the run, and the next one goes on.
  */
  -- No lock of GET_LOCK keeps runs apart: anybody may take one, and keep it.
  DECLARE v_next DATETIME DEFAULT UTC_TIMESTAMP() + INTERVAL {{ maintenance_minutes }} MINUTE;
  DECLARE v_some INT;
  DECLARE v_error {{ text }};
  DECLARE v_wait_ms BIGINT;
  DECLARE v_cron_wait_ms BIGINT;

  REPEAT
    CALL {{ p }}run_due_schedules({{ default.maintenance_rows }}, v_some, v_error, v_wait_ms, v_cron_wait_ms);
  UNTIL v_some = 0 OR UTC_TIMESTAMP() >= v_next END REPEAT;
  REPEAT
    CALL {{ p }}expire_tasks({{ default.maintenance_rows }}, v_some);
  UNTIL v_some < {{ default.maintenance_rows }} OR UTC_TIMESTAMP() >= v_next END REPEAT;
  REPEAT
    CALL {{ p }}purge_tasks({{ default.maintenance_rows }}, v_some);
  UNTIL v_some < {{ default.maintenance_rows }} OR UTC_TIMESTAMP() >= v_next END REPEAT;
END
