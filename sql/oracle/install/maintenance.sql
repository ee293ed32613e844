BEGIN
  /*
  Runs due schedules that tick every so many seconds, fails overdue tasks and purges terminal ones, so that tasks come
  and the tables stay small if no relay runs.
  The scheduler starts no run while an earlier one is still at work; an error ends the run, and the
  next one goes on.
  */
  DBMS_SCHEDULER.CREATE_JOB(
    job_name => '{{ p }}maintenance',
    job_type => 'PLSQL_BLOCK',
    job_action => '
      DECLARE
        v_some NUMBER;
        v_error VARCHAR2(32767);
        v_wait_ms NUMBER;
        v_cron_wait_ms NUMBER;
      BEGIN
        ROLLBACK;
        LOOP
          {{ package }}.run_due_schedules({{ default.maintenance_rows }}, v_some, v_error, v_wait_ms, v_cron_wait_ms);
          EXIT WHEN v_some = 0;
        END LOOP;
        LOOP
          {{ package }}.expire_tasks({{ default.maintenance_rows }}, v_some);
          EXIT WHEN v_some < {{ default.maintenance_rows }};
        END LOOP;
        LOOP
          {{ package }}.purge_tasks({{ default.maintenance_rows }}, v_some);
          EXIT WHEN v_some < {{ default.maintenance_rows }};
        END LOOP;
      END;',
    -- The calendar syntax knows no more than 99 minutes.
    repeat_interval => 'SYSTIMESTAMP + NUMTODSINTERVAL({{ maintenance_minutes }}, ''MINUTE'')',
    enabled => TRUE,
    comments => '{{ comment }}'
  );
END;
