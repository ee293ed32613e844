CREATE PROCEDURE {{ p }}advance_due (
  IN in_due {{ text }},
  OUT out_advanced INT,
  OUT out_created INT,
  OUT out_error {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: creates the tasks of these schedules' ticks, due at once, and moves each schedule to its following tick; see
  advance_schedules. The caller has locked them in a transaction of its own, which ends here.

  Almost always their tasks can be created and none is there already: then two statements are all. Else advance_one
  handles each schedule, in a transaction of its own.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_batch_id BIGINT DEFAULT -{{ new_batch_id }};
  DECLARE v_plain TINYINT DEFAULT JSON_EXTRACT(in_due, '$[*].error') IS NULL;
  DECLARE v_place INT DEFAULT 0;
  DECLARE v_due INT DEFAULT JSON_LENGTH(in_due);
  DECLARE v_namespace VARCHAR({{ limit.namespace }}) {{ string }};
  DECLARE v_schedule VARCHAR({{ limit.schedule }}) {{ string }};
  DECLARE v_revision BIGINT;
  DECLARE v_next_at {{ instant }};
  DECLARE v_following_at {{ instant }};
  DECLARE v_ticks {{ text }};
  DECLARE v_given_error {{ text }};
  DECLARE v_some INT;
  DECLARE v_error {{ text }};
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();

  IF v_plain THEN BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION SET v_plain = FALSE;
    -- In READ COMMITTED an INSERT locks nothing of what it reads.
    {{ checked }} INSERT INTO {{ p }}task (
      {{ new_task_columns }}
    )
    SELECT
      {{ new_task_values("v_batch_id", "v_now", "sound", with_tick("payload", "tick")) }}
    FROM (
      SELECT
        due.element, given.place, given.tick,
        CONCAT('schedule:', due.schedule, ':', given.tick) AS order_no,
        0 AS delay,
        registered.queue_id, registered.direct,
        schedule.name, schedule.payload, schedule.interval_seconds, schedule.deadline, schedule.delete_deadline,
        schedule.max_count, schedule.on_failure,
        schedule.interval_seconds BETWEEN 1 AND {{ limit.seconds }}
          AND LENGTH(schedule.payload) <= {{ payload_limit - tick_bytes }}
          AND (schedule.on_failure IS NULL OR following.queue_id IS NOT NULL) AS sound
      FROM {{ due_ticks("in_due") }}
      STRAIGHT_JOIN {{ p }}schedule AS schedule FORCE INDEX (PRIMARY) /* R3 */
        ON schedule.namespace = due.namespace AND schedule.schedule = due.schedule
      LEFT JOIN {{ p }}queue AS registered FORCE INDEX (name) /* R7 */
        ON registered.namespace = due.namespace AND registered.queue = schedule.queue AND registered.removed_at IS NULL
      LEFT JOIN {{ p }}queue AS following FORCE INDEX (name) /* R7 */
        ON following.namespace = due.namespace AND following.queue = schedule.on_failure AND following.removed_at IS NULL
      LEFT JOIN {{ p }}task AS last FORCE INDEX (PRIMARY) /* R3 */
        ON last.task_id = schedule.last_task_id AND last.lane <> 0
      WHERE given.tick IS NOT NULL
        AND (schedule.overlap = 'allow' OR (given.place = 1 AND last.task_id IS NULL))
    ) AS checked
    ORDER BY element, place;
    SET out_created = ROW_COUNT();
    SELECT COUNT(*) = 0 INTO v_plain FROM {{ p }}task WHERE task_id = 0 /* R24 */;

    {{ settled }} UPDATE {{ unrefused }} (
      SELECT
        namespace, schedule,
        COALESCE({{ time_of("following_at") }}, {{ end_of_time }}) AS following_at,
        MIN(tick) AS first_tick,
        MAX(tick) AS last_tick
      FROM {{ due_ticks("in_due") }}
      GROUP BY namespace, schedule, following_at
    ) AS due
    STRAIGHT_JOIN {{ p }}schedule AS schedule FORCE INDEX (PRIMARY) /* R3 */
      ON schedule.namespace = due.namespace AND schedule.schedule = due.schedule
    LEFT JOIN {{ p }}queue AS registered FORCE INDEX (name) /* R7 */
      ON registered.namespace = due.namespace AND registered.queue = schedule.queue
    LEFT JOIN {{ p }}task AS made FORCE INDEX (active_order) /* R6 */
      ON made.order_key = CONCAT('schedule:', due.schedule, ':', IF(schedule.overlap = 'skip', due.first_tick, due.last_tick))
      AND made.name = schedule.name
      AND made.queue_id = registered.queue_id
      AND made.active = 1
    SET
      schedule.last_at = COALESCE({{ time_of("RIGHT(made.order_key, 20)") }}, schedule.last_at),
      schedule.last_task_id = COALESCE(made.task_id, schedule.last_task_id),
      schedule.next_at = due.following_at,
      schedule.due_at = due.following_at,
      schedule.last_error = NULL;
  END; END IF;

  IF v_plain THEN
    {{ commit }};
    SET out_advanced = v_due;
  ELSE
    {{ rollback }};
    SET out_advanced = 0, out_created = 0;
    WHILE v_place < v_due DO
      SELECT namespace, schedule, revision, {{ time_of("next_at") }}, {{ time_of("following_at") }}, ticks, error
      INTO v_namespace, v_schedule, v_revision, v_next_at, v_following_at, v_ticks, v_given_error
      FROM {{ due_schedules("in_due") }} AS due
      WHERE element = v_place + 1;
      CALL {{ p }}advance_one(
        v_namespace, v_schedule, v_revision, v_next_at, COALESCE(v_ticks, '[]'), COALESCE(v_following_at, {{ end_of_time }}),
        v_given_error, v_some, v_error
      );
      SET
        out_advanced = out_advanced + (v_some IS NOT NULL),
        out_created = out_created + COALESCE(v_some, 0),
        out_error = COALESCE(out_error, v_error),
        v_place = v_place + 1;
    END WHILE;
  END IF;
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id) /* R21 */;
END
