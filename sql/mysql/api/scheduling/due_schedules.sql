CREATE PROCEDURE {{ p }}due_schedules (
  IN in_limit BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_now {{ instant }} DEFAULT {{ now }};

  {{ check_integer("in_limit", 1, limit.rows) }};
  SELECT
    namespace, schedule, revision, cron, zone, misfire, max_catch_up,
    {{ tick_of("since_at") }} AS since_at,
    {{ tick_of("next_at") }} AS next_at,
    {{ tick_of("v_now") }} AS now
  FROM {{ p }}schedule FORCE INDEX (due) /* R2 */
  WHERE is_cron = 1 AND due_at <= v_now
  ORDER BY is_cron, due_at
  LIMIT in_limit;
END
