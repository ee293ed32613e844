CREATE PROCEDURE {{ p }}run_due_schedules (
  IN in_limit BIGINT,
  OUT out_created INT,
  OUT out_error {{ text }},
  OUT out_wait_ms BIGINT,
  OUT out_cron_wait_ms BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_now {{ instant }};
  DECLARE v_due {{ text }};
  DECLARE v_advanced INT;

  {{ check_integer("in_limit", 1, limit.rows) }};
  CALL {{ p }}check_session();

  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    SET v_now = {{ now }};
    {{ settled }} SELECT JSON_ARRAYAGG(JSON_OBJECT(
      'namespace', namespace,
      'schedule', schedule,
      'revision', revision,
      'next_at', {{ tick_of("next_at") }},
      'following_at', {{ tick_of("next_at + INTERVAL due * every_seconds SECOND") }},
      'ticks', JSON_EXTRACT(ticks, '$')
    ))
    INTO v_due
    FROM (
      SELECT {{ uncut }}
        namespace, schedule, revision, next_at, every_seconds, due,
        CONCAT('[', COALESCE(GROUP_CONCAT(
          JSON_QUOTE({{ tick_of("next_at + INTERVAL (due - place) * every_seconds SECOND") }}) ORDER BY place DESC SEPARATOR ','
        ), ''), ']') AS ticks
      FROM (
        SELECT
          namespace, schedule, revision, next_at, every_seconds, due,
          CASE
            WHEN misfire = 'all' THEN LEAST(due, max_catch_up)
            WHEN misfire = 'skip' AND next_at + INTERVAL (due - 1) * every_seconds + {{ default.misfire_after }} SECOND < v_now THEN 0
            ELSE 1
          END AS some
        FROM (
          SELECT
            namespace, schedule, revision, next_at, every_seconds, misfire, max_catch_up,
            TIMESTAMPDIFF(SECOND, next_at, v_now) DIV every_seconds + 1 AS due
          FROM {{ p }}schedule FORCE INDEX (due) /* R1 */
          WHERE is_cron = 0 AND due_at <= v_now
          ORDER BY is_cron, due_at
          LIMIT in_limit
          FOR UPDATE SKIP LOCKED /* R11 */
        ) AS locked
      ) AS counted
      LEFT JOIN JSON_TABLE(CONCAT('[', SUBSTR(REPEAT(',0', some), 2), ']'), '$[*]' COLUMNS (
        place FOR ORDINALITY
      )) AS numbers ON TRUE
      GROUP BY namespace, schedule, revision, next_at, every_seconds, due
    ) AS ticking;
    CALL {{ p }}advance_due(COALESCE(v_due, '[]'), v_advanced, out_created, out_error);

    CALL {{ p }}find_next_schedule(0, out_wait_ms);
    CALL {{ p }}find_next_schedule(1, out_cron_wait_ms);
  END;
  SELECT out_created AS created, out_error AS error, out_wait_ms AS wait_ms, out_cron_wait_ms AS cron_wait_ms;
END
