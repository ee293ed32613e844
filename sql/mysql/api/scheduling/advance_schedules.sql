CREATE PROCEDURE {{ p }}advance_schedules (
  IN in_schedules {{ text }},
  OUT out_advanced INT,
  OUT out_created INT,
  OUT out_error {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_due {{ text }};

  CALL {{ p }}check_due(in_schedules, v_now);
  CALL {{ p }}check_session();

  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    {{ settled }} SELECT {{ uncut }} CONCAT('[', COALESCE(GROUP_CONCAT(whole SEPARATOR ','), ''), ']')
    INTO v_due
    FROM (
      SELECT given.whole
      FROM (
        SELECT whole, namespace, schedule, revision, next_at
        FROM {{ due_schedules("in_schedules") }} AS listed
        ORDER BY element
        LIMIT {{ limit.rows }}
      ) AS given
      STRAIGHT_JOIN {{ p }}schedule AS schedule FORCE INDEX (PRIMARY) /* R3 */
        ON schedule.namespace = given.namespace AND schedule.schedule = given.schedule
      WHERE schedule.revision = given.revision AND schedule.next_at = {{ time_of("given.next_at") }}
        AND schedule.is_cron = 1 AND schedule.due_at <= v_now
      FOR UPDATE SKIP LOCKED /* R11 */
    ) AS locked;
    CALL {{ p }}advance_due(v_due, out_advanced, out_created, out_error);
  END;
  SELECT out_advanced AS advanced, out_created AS created, out_error AS error;
END
