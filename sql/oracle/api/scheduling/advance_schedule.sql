PROCEDURE advance_schedule (
  in_schedule IN VARCHAR2,
  in_revision IN NUMBER,
  in_next_at IN VARCHAR2,
  in_ticks IN CLOB,
  in_following_at IN VARCHAR2,
  in_error IN VARCHAR2,
  in_namespace IN VARCHAR2 DEFAULT NULL,
  out_advanced OUT NUMBER,
  out_created OUT NUMBER
)
/*
Creates the tasks of a cron schedule's ticks, due at once, and moves it to its next tick, in one transaction: if it is
due and still as due_schedules has told. Else somebody else has done it, or it has been changed; nothing is done then.

Parameters
  in_schedule   its name, 1 to {{ limit.schedule }} characters
  in_revision    as due_schedules has told
  in_next_at    as due_schedules has told
  in_ticks      a JSON array of the ticks to run, in their order, at most {{ limit.catch_up }}, each such as
                2026-11-29T10:00:00Z, not before in_next_at and not later than now
  in_following_at  the next tick, which is later than all of these; NULL: none will come
  in_error      why the ticks cannot be computed or run: last_error of the schedule says so, nothing else is done, and
                it is due again {{ default.schedule_retry }} s later; NULL if they can
  in_namespace  1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
Result
  out_advanced  1, or 0 if nothing was done
  out_created   how many tasks were created
Errors
  invalid_argument, schedule_not_found, transaction_open, payload_too_large (a smaller limit was installed since),
  queue_not_allowed, too_many_queues
Transaction
  Commits by itself.
*/
IS
  v_now {{ instant }};
  v_namespace VARCHAR2(32767) := COALESCE(in_namespace, '{{ default.namespace }}');
  v_next_at {{ instant }};
  v_following_at {{ instant }} := {{ end_of_time }};
  v_tick_at {{ instant }};
  v_task_id NUMBER;
  v_message VARCHAR2(32767);
  CURSOR c_ticks IS
    SELECT tick
    FROM JSON_TABLE(in_ticks, '$[*]' COLUMNS (place FOR ORDINALITY, tick VARCHAR2(20 CHAR) PATH '$'))
    ORDER BY place;
BEGIN
  {{ enter("advance_schedule") }};
  IF in_revision IS NULL THEN
    {{ raise("invalid_argument", "in_revision must not be NULL") }};
  END IF;
  read_tick(in_next_at, v_next_at);
  IF v_next_at IS NULL THEN
    {{ raise("invalid_argument", "in_next_at must be a time such as 2026-11-29T10:00:00Z") }};
  END IF;
  IF in_following_at IS NOT NULL THEN
    read_tick(in_following_at, v_following_at);
  END IF;
  IF v_following_at IS NULL OR v_following_at <= v_next_at THEN
    {{ raise("invalid_argument", "in_following_at must be NULL or a time after in_next_at") }};
  END IF;
  v_now := {{ now }};
  check_schedule(in_schedule, in_namespace);
  check_ticks(in_ticks, v_next_at, v_following_at, v_now);

  begin_work;
  BEGIN
    lock_schedule(in_schedule, in_namespace);
    SELECT COUNT(*)
    INTO out_advanced
    FROM {{ p }}schedule
    WHERE {{ same("namespace", "v_namespace") }} AND {{ same("schedule", "in_schedule") }}
      AND revision = in_revision AND next_at = v_next_at AND is_cron = 1 AND due_at <= v_now;
    out_created := 0;

    IF out_advanced = 1 AND in_error IS NOT NULL THEN
      put_off_schedule(v_namespace, in_schedule, in_revision, v_next_at, in_error);
    ELSIF out_advanced = 1 THEN
      BEGIN
        FOR v_given IN c_ticks LOOP
          read_tick(v_given.tick, v_tick_at);
          create_tick(v_namespace, in_schedule, v_tick_at, 0, v_task_id);
          out_created := out_created + CASE WHEN v_task_id IS NULL THEN 0 ELSE 1 END;
        END LOOP;
      EXCEPTION
        WHEN OTHERS THEN
          v_message := SQLERRM;
          ROLLBACK;
          put_off_schedule(v_namespace, in_schedule, in_revision, v_next_at, v_message);
          COMMIT;
          RAISE;
      END;
      UPDATE {{ p }}schedule
      SET next_at = v_following_at, due_at = v_following_at, last_error = NULL
      WHERE {{ same("namespace", "v_namespace") }} AND {{ same("schedule", "in_schedule") }};
    END IF;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
END advance_schedule;
