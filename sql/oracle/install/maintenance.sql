BEGIN
  /*
  Fails overdue tasks and purges terminal ones, so that the tables stay small if no relay runs.
  The scheduler starts no run while an earlier one is still at work; an error ends the run, and the
  next one goes on.
  */
  DBMS_SCHEDULER.CREATE_JOB(
    job_name => '{{ p }}maintenance',
    job_type => 'PLSQL_BLOCK',
    job_action => '
      DECLARE
        v_some NUMBER;
      BEGIN
        ROLLBACK;
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
