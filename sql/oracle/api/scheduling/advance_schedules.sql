PROCEDURE advance_schedules (
  in_schedules IN CLOB,
  out_advanced OUT NUMBER,
  out_created OUT NUMBER,
  out_error OUT VARCHAR2
)
/*
Runs due schedules with a cron expression: creates the tasks of their ticks, due at once, and moves each to its
following tick, in the same transaction. A schedule that is not due any more, or not as due_schedules has told, is
passed over: somebody else has run it, or it has been changed. So is one that somebody has locked.
If a task cannot be created, nothing of its schedule is done: its last_error says why, and it is tried again
{{ default.schedule_retry }} s later. The others run all the same.

Parameters
  in_schedules  a JSON array of at most {{ limit.rows }} objects, {{ limit.due }} bytes together:
                namespace, schedule, revision, next_at (as due_schedules has told),
                ticks (an array of those to run, in their order, at most {{ limit.catch_up }}, each such as
                2026-11-29T10:00:00Z, not before next_at and not later than now; default none),
                following_at (the next tick, later than next_at and these; default: none will come),
                error (why the ticks cannot be computed: last_error says so, nothing else is done, and the schedule
                is due again {{ default.schedule_retry }} s later)
Result
  out_advanced  how many were moved to their following tick
  out_created   how many tasks were created
  out_error     why a schedule could not create its task: the first such error; NULL if each could
Errors
  invalid_argument, transaction_open
Transaction
  Commits by itself.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_next_at {{ instant }};
  v_following_at {{ instant }};
  v_some NUMBER;
  v_message VARCHAR2(32767);
  CURSOR c_schedules IS
    SELECT namespace, schedule, revision, next_tick, following_tick, ticks, error
    FROM {{ due_schedules("in_schedules") }}
    ORDER BY element;
BEGIN
  {{ enter("advance_schedules") }};
  check_due(in_schedules, v_now);

  begin_work;
  out_advanced := 0;
  out_created := 0;
  BEGIN
    FOR v_given IN c_schedules LOOP
      read_tick(v_given.next_tick, v_next_at);
      read_tick(v_given.following_tick, v_following_at);
      advance_one(
        v_given.namespace, v_given.schedule, v_given.revision, v_next_at, COALESCE(v_given.ticks, '[]'),
        COALESCE(v_following_at, {{ end_of_time }}), v_given.error, v_some, v_message
      );
      out_advanced := out_advanced + CASE WHEN v_some IS NULL THEN 0 ELSE 1 END;
      out_created := out_created + COALESCE(v_some, 0);
      out_error := COALESCE(out_error, v_message);
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
END advance_schedules;
