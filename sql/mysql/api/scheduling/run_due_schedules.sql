CREATE PROCEDURE {{ p }}run_due_schedules (
  IN in_limit BIGINT,
  OUT out_created INT,
  OUT out_wait_ms BIGINT,
  OUT out_cron_wait_ms BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_now {{ instant }};
  DECLARE v_left BIGINT DEFAULT in_limit;
  DECLARE v_namespace VARCHAR({{ limit.namespace }}) {{ string }};
  DECLARE v_schedule VARCHAR({{ limit.schedule }}) {{ string }};
  DECLARE v_revision BIGINT;
  DECLARE v_every BIGINT;
  DECLARE v_misfire VARCHAR(4) {{ string }};
  DECLARE v_max_catch_up BIGINT;
  DECLARE v_next_at {{ instant }};
  DECLARE v_place BIGINT;
  DECLARE v_due BIGINT;
  DECLARE v_task_id BIGINT;
  DECLARE v_some INT;
  DECLARE v_message {{ text }};

  {{ check_integer("in_limit", 1, limit.rows) }};

  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    SET v_now = {{ now }}, out_created = 0;
    each_schedule: LOOP
      SET v_schedule = NULL;
      SELECT namespace, schedule, revision, every_seconds, misfire, max_catch_up, next_at
      INTO v_namespace, v_schedule, v_revision, v_every, v_misfire, v_max_catch_up, v_next_at
      FROM {{ p }}schedule FORCE INDEX (due) /* R1 */
      WHERE is_cron = 0 AND due_at <= v_now
      ORDER BY is_cron, due_at
      LIMIT 1
      FOR UPDATE SKIP LOCKED /* R11 */;
      IF v_schedule IS NULL OR v_left <= 0 THEN
        LEAVE each_schedule;
      END IF;
      SET v_left = v_left - 1;

      BEGIN
        DECLARE EXIT HANDLER FOR SQLEXCEPTION
        BEGIN
          GET DIAGNOSTICS CONDITION 1 v_message = MESSAGE_TEXT;
          {{ rollback }};
          CALL {{ p }}begin_work();
          CALL {{ p }}put_off_schedule(v_namespace, v_schedule, v_revision, v_next_at, v_message);
          {{ commit }};
          RESIGNAL;
        END;

        SET
          v_some = 0,
          v_due = TIMESTAMPDIFF(SECOND, v_next_at, v_now) DIV v_every + 1,
          v_place = CASE v_misfire WHEN 'all' THEN GREATEST(0, v_due - v_max_catch_up) ELSE v_due - 1 END;
        IF v_misfire = 'skip' AND v_next_at + INTERVAL v_place * v_every + {{ default.misfire_after }} SECOND < v_now THEN
          SET v_place = v_due;
        END IF;
        WHILE v_place < v_due DO
          CALL {{ p }}create_tick(
            v_namespace, v_schedule, v_next_at + INTERVAL v_place * v_every SECOND, FALSE, v_task_id
          );
          SET v_some = v_some + (v_task_id IS NOT NULL), v_place = v_place + 1;
        END WHILE;
        UPDATE {{ unrefused }} {{ p }}schedule
        SET next_at = v_next_at + INTERVAL v_due * v_every SECOND, due_at = next_at /* R22 */, last_error = NULL
        WHERE namespace = v_namespace AND schedule = v_schedule;
        SET out_created = out_created + v_some;
      END;
    END LOOP;

    CALL {{ p }}find_next_schedule(0, out_wait_ms);
    CALL {{ p }}find_next_schedule(1, out_cron_wait_ms);
    {{ commit }};
  END;
  SELECT out_created AS created, out_wait_ms AS wait_ms, out_cron_wait_ms AS cron_wait_ms;
END
