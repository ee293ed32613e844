CREATE PROCEDURE {{ p }}advance_schedule (
  IN in_schedule {{ text }},
  IN in_revision BIGINT,
  IN in_next_at {{ text }},
  IN in_ticks {{ text }},
  IN in_following_at {{ text }},
  IN in_error {{ text }},
  IN in_namespace {{ text }},
  OUT out_advanced TINYINT,
  OUT out_created INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_now {{ instant }};
  DECLARE v_namespace {{ text }} DEFAULT COALESCE(in_namespace, '{{ default.namespace }}');
  DECLARE v_next_at {{ instant }};
  DECLARE v_following_at {{ instant }} DEFAULT {{ end_of_time }};
  DECLARE v_tick_at {{ instant }};
  DECLARE v_place INT DEFAULT 0;
  DECLARE v_due INT;
  DECLARE v_task_id BIGINT;
  DECLARE v_message {{ text }};

  IF in_revision IS NULL THEN
    {{ raise("invalid_argument", "in_revision must not be NULL") }};
  END IF;
  CALL {{ p }}read_tick(in_next_at, v_next_at);
  IF v_next_at IS NULL THEN
    {{ raise("invalid_argument", "in_next_at must be a time such as 2026-11-29T10:00:00Z") }};
  END IF;
  IF in_following_at IS NOT NULL THEN
    CALL {{ p }}read_tick(in_following_at, v_following_at);
  END IF;
  IF v_following_at IS NULL OR v_following_at <= v_next_at THEN
    {{ raise("invalid_argument", "in_following_at must be NULL or a time after in_next_at") }};
  END IF;
  SET v_now = {{ now }};
  CALL {{ p }}check_schedule(in_schedule, in_namespace);
  CALL {{ p }}check_ticks(in_ticks, v_next_at, v_following_at, v_now);

  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      GET DIAGNOSTICS CONDITION 1 v_message = MESSAGE_TEXT;
      {{ rollback }};
      CALL {{ p }}begin_work();
      CALL {{ p }}put_off_schedule(v_namespace, in_schedule, in_revision, v_next_at, v_message);
      {{ commit }};
      RESIGNAL;
    END;

    CALL {{ p }}lock_schedule(in_schedule, in_namespace);
    SELECT COUNT(*)
    INTO out_advanced
    FROM {{ p }}schedule
    WHERE namespace = v_namespace AND schedule = in_schedule
      AND revision = in_revision AND next_at = v_next_at AND is_cron = 1 AND due_at <= v_now;
    SET out_created = 0;

    IF out_advanced AND in_error IS NOT NULL THEN
      CALL {{ p }}put_off_schedule(v_namespace, in_schedule, in_revision, v_next_at, in_error);
    ELSEIF out_advanced THEN
      SET v_due = JSON_LENGTH(in_ticks);
      WHILE v_place < v_due DO
        CALL {{ p }}read_tick(JSON_UNQUOTE(JSON_EXTRACT(in_ticks, CONCAT('$[', v_place, ']'))), v_tick_at);
        CALL {{ p }}create_tick(v_namespace, in_schedule, v_tick_at, FALSE, v_task_id);
        SET out_created = out_created + (v_task_id IS NOT NULL), v_place = v_place + 1;
      END WHILE;
      UPDATE {{ unrefused }} {{ p }}schedule
      SET next_at = v_following_at, due_at = v_following_at, last_error = NULL
      WHERE namespace = v_namespace AND schedule = in_schedule;
    END IF;
    {{ commit }};
  END;
  SELECT out_advanced AS advanced, out_created AS created;
END
