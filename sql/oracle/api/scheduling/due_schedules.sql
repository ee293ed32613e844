PROCEDURE due_schedules (
  in_limit IN NUMBER,
  out_rows OUT SYS_REFCURSOR
)
/*
Lists schedules with a cron expression that are due, the first ones first. The caller computes their ticks, which
the database cannot do, and hands them to advance_schedules: those from next_at on that are later than since_at and
not later than now.

Parameters
  in_limit      most schedules, 1 to {{ limit.rows }}
Result
  rows          namespace, schedule, revision, cron, zone, misfire, max_catch_up, since_at, next_at, now; times as ticks
                have them, such as 2026-11-29T10:00:00Z
Errors
  invalid_argument
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
BEGIN
  {{ enter("due_schedules") }};
  {{ check_integer("in_limit", 1, limit.rows) }};
  OPEN out_rows FOR
    SELECT /*+ INDEX(schedule {{ p }}schedule_due) */ /* O2 */
      schedule.namespace, schedule.schedule, schedule.revision, schedule.cron, schedule.zone, schedule.misfire,
      schedule.max_catch_up,
      {{ tick_of("schedule.since_at") }} AS since_at,
      {{ tick_of("schedule.next_at") }} AS next_at,
      {{ tick_of("v_now") }} AS now
    FROM {{ p }}schedule schedule
    WHERE schedule.is_cron = 1 AND schedule.due_at <= v_now
    ORDER BY schedule.due_at, schedule.namespace, schedule.schedule
    FETCH FIRST in_limit ROWS ONLY;
END due_schedules;
