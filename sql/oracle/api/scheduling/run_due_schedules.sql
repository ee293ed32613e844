PROCEDURE run_due_schedules (
  in_limit IN NUMBER,
  out_created OUT NUMBER,
  out_error OUT VARCHAR2,
  out_wait_ms OUT NUMBER,
  out_cron_wait_ms OUT NUMBER
)
/*
Runs due schedules that tick every so many seconds: creates the tasks of their ticks, due at once, and moves each to
its next tick, in the same transaction. Any number of callers may do so at the same time: no tick comes twice.
If a task cannot be created, nothing of its schedule is done: its last_error says why, and it is tried again
{{ default.schedule_retry }} s later. The others run all the same.

Ticks that are more than {{ default.misfire_after }} s late have been missed: by misfire, skip runs none of them, once the
newest, all as many as max_catch_up allows, the newest. Of several that are due skip and once run the newest only.

Parameters
  in_limit      most schedules to run, 1 to {{ limit.rows }}
Result
  out_created   how many tasks were created
  out_error     why a schedule could not create its task: the first such error; NULL if each could
  out_wait_ms   milliseconds until one has to run; 0: more are due; NULL: none will
  out_cron_wait_ms  the same of schedules with a cron expression, for due_schedules
Errors
  invalid_argument, transaction_open
Transaction
  Commits by itself.
*/
IS
  v_now {{ instant }};
  v_schedules ticking_schedules;
  v_one ticking_schedule;
  v_late INTERVAL DAY(9) TO SECOND(3);
  v_place NUMBER;
  v_due NUMBER;
  v_ticks CLOB;
  v_some NUMBER;
  v_message VARCHAR2(32767);
  CURSOR c_due IS
    SELECT /*+ INDEX(schedule {{ p }}schedule_due) */ /* O2 */
      schedule.namespace, schedule.schedule, schedule.revision, schedule.every_seconds, schedule.misfire,
      schedule.max_catch_up, schedule.next_at
    FROM {{ p }}schedule schedule
    WHERE schedule.is_cron = 0 AND schedule.due_at <= v_now
    ORDER BY schedule.due_at, schedule.namespace, schedule.schedule
    FOR UPDATE SKIP LOCKED; /* O1 */
BEGIN
  {{ enter("run_due_schedules") }};
  {{ check_integer("in_limit", 1, limit.rows) }};

  begin_work;
  v_now := {{ now }};
  out_created := 0;
  BEGIN
    OPEN c_due;
    FETCH c_due BULK COLLECT INTO v_schedules LIMIT in_limit;
    CLOSE c_due;
    FOR i IN 1 .. v_schedules.COUNT LOOP
      v_one := v_schedules(i);
      v_late := v_now - v_one.next_at;
      v_due := TRUNC({{ in_seconds("v_late") }} / v_one.every_seconds) + 1;
      v_place := CASE WHEN {{ is_word("v_one.misfire", "all") }} THEN GREATEST(0, v_due - v_one.max_catch_up) ELSE v_due - 1 END;
      IF {{ is_word("v_one.misfire", "skip") }}
        AND v_one.next_at + {{ seconds("v_place * v_one.every_seconds + %d" % default.misfire_after) }} < v_now THEN
        v_place := v_due;
      END IF;
      v_ticks := NULL;
      WHILE v_place < v_due LOOP
        v_ticks := v_ticks || CASE WHEN v_ticks IS NOT NULL THEN ',' END
          || '"' || {{ tick_of("v_one.next_at + " ~ seconds("v_place * v_one.every_seconds")) }} || '"';
        v_place := v_place + 1;
      END LOOP;
      -- O1: the cursor may have found it as it was; advance_one looks again.
      advance_one(
        v_one.namespace, v_one.schedule, v_one.revision, v_one.next_at, '[' || v_ticks || ']',
        v_one.next_at + {{ seconds("v_due * v_one.every_seconds") }}, NULL, v_some, v_message
      );
      out_created := out_created + COALESCE(v_some, 0);
      out_error := COALESCE(out_error, v_message);
    END LOOP;

    find_next_schedule(0, out_wait_ms);
    find_next_schedule(1, out_cron_wait_ms);
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
END run_due_schedules;
