PROCEDURE run_due_schedules (
  in_limit IN NUMBER,
  out_created OUT NUMBER,
  out_wait_ms OUT NUMBER,
  out_cron_wait_ms OUT NUMBER
)
/*
Runs due schedules that tick every so many seconds: creates the tasks of their ticks, due at once, and moves each to
its next tick, in one short transaction. Any number of callers may do so at the same time: no tick comes twice.
If a task cannot be created, its error is raised and none is: last_error of the schedule says it, too, and this one is
tried again {{ default.schedule_retry }} s later. Call again for the others.

Ticks that are more than {{ default.misfire_after }} s late have been missed: by misfire, skip runs none of them, once the
newest, all as many as max_catch_up allows, the newest. Of several that are due skip and once run the newest only.

Parameters
  in_limit      most schedules to run, 1 to {{ limit.rows }}
Result
  out_created   how many tasks were created
  out_wait_ms   milliseconds until one has to run; 0: more are due; NULL: none will
  out_cron_wait_ms  the same of schedules with a cron expression, for due_schedules
Errors
  invalid_argument, transaction_open, payload_too_large (a smaller limit was installed since),
  queue_not_allowed, too_many_queues
Transaction
  Commits by itself.
*/
IS
  v_now {{ instant }};
  v_left NUMBER := in_limit;
  v_namespace VARCHAR2({{ limit.namespace }} CHAR);
  v_schedule VARCHAR2({{ limit.schedule }} CHAR);
  v_revision NUMBER;
  v_every NUMBER;
  v_misfire VARCHAR2(4 CHAR);
  v_max_catch_up NUMBER;
  v_next_at {{ instant }};
  v_late INTERVAL DAY(9) TO SECOND(3);
  v_place NUMBER;
  v_due NUMBER;
  v_task_id NUMBER;
  v_some NUMBER;
  v_message VARCHAR2(32767);
  CURSOR c_due IS
    SELECT /*+ INDEX(schedule {{ p }}schedule_due) */ /* O2 */ schedule.namespace, schedule.schedule
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
    LOOP
      v_schedule := NULL;
      OPEN c_due;
      FETCH c_due INTO v_namespace, v_schedule;
      CLOSE c_due;
      EXIT WHEN v_schedule IS NULL OR v_left <= 0;
      v_left := v_left - 1;

      -- O1: the cursor may have found it as it was.
      SELECT MAX(revision), MAX(every_seconds), MAX(misfire), MAX(max_catch_up), MAX(next_at)
      INTO v_revision, v_every, v_misfire, v_max_catch_up, v_next_at
      FROM {{ p }}schedule
      WHERE {{ same("namespace", "v_namespace") }} AND {{ same("schedule", "v_schedule") }}
        AND is_cron = 0 AND due_at <= v_now;
      IF v_revision IS NOT NULL THEN
        BEGIN
          v_some := 0;
          v_late := v_now - v_next_at;
          v_due := TRUNC({{ in_seconds("v_late") }} / v_every) + 1;
          v_place := CASE WHEN {{ is_word("v_misfire", "all") }} THEN GREATEST(0, v_due - v_max_catch_up) ELSE v_due - 1 END;
          IF {{ is_word("v_misfire", "skip") }} AND v_next_at + {{ seconds("v_place * v_every + %d" % default.misfire_after) }} < v_now THEN
            v_place := v_due;
          END IF;
          WHILE v_place < v_due LOOP
            create_tick(v_namespace, v_schedule, v_next_at + {{ seconds("v_place * v_every") }}, 0, v_task_id);
            v_some := v_some + CASE WHEN v_task_id IS NULL THEN 0 ELSE 1 END;
            v_place := v_place + 1;
          END LOOP;
          UPDATE {{ p }}schedule
          SET
            next_at = v_next_at + {{ seconds("v_due * v_every") }},
            due_at = v_next_at + {{ seconds("v_due * v_every") }},
            last_error = NULL
          WHERE {{ same("namespace", "v_namespace") }} AND {{ same("schedule", "v_schedule") }};
          out_created := out_created + v_some;
        EXCEPTION
          WHEN OTHERS THEN
            v_message := SQLERRM;
            ROLLBACK;
            put_off_schedule(v_namespace, v_schedule, v_revision, v_next_at, v_message);
            COMMIT;
            RAISE;
        END;
      END IF;
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
