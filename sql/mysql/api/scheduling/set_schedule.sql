{#- Whether the times, and all the rest, are as they were. -#}
{%- set same_times = "every_seconds <=> in_every AND cron <=> in_cron AND zone <=> v_zone" -%}
{%- set same_rest -%}
misfire = v_misfire AND max_catch_up = v_max_catch_up AND overlap = v_overlap AND owner <=> v_owner
      AND name = in_name AND queue = in_queue AND payload = in_payload AND interval_seconds = in_interval
      AND deadline <=> v_deadline AND delete_deadline <=> v_delete_deadline AND max_count <=> v_max_count
      AND on_failure <=> v_on_failure
{%- endset -%}
CREATE PROCEDURE {{ p }}set_schedule (
  IN in_schedule {{ text }},
  IN in_every BIGINT,
  IN in_cron {{ text }},
  IN in_zone {{ text }},
  IN in_name {{ text }},
  IN in_payload {{ text }},
  IN in_interval BIGINT,
  IN in_queue {{ text }},
  IN in_options {{ text }},
  OUT out_revision BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Creates or changes a schedule, which makes a task at each of its ticks. New times count from now; if every, cron and
  zone are as they were, the next tick stays, and if all is as it was, nothing changes. A paused schedule stays paused.

  Parameters
    in_schedule   its name, 1 to {{ limit.schedule }} characters, unique in the namespace
    in_every      seconds between two ticks, 1 to {{ limit.seconds }}; NULL if in_cron is given
    in_cron       a cron expression, 1 to {{ limit.cron }} characters, which relays and workers read; NULL if in_every is
                  given
    in_zone       the time zone of in_cron, such as Europe/Berlin, 1 to {{ limit.zone }} characters; NULL is UTC
    in_name       of the tasks, as in_payload, in_interval and in_queue: see create_task
    in_payload    without the key tick, to which each task has the time of its tick, such as
                  2026-11-29T10:00:00Z
    in_interval   see create_task
    in_queue      see create_task
    in_options    a JSON object of at most {{ limit.options }} bytes:
                  namespace (of the schedule and its tasks, default {{ default.namespace }}),
                  misfire (skip, once or all, default {{ default.misfire }}: the ticks that nobody ran in time),
                  max_catch_up (1 to {{ limit.catch_up }}, default {{ default.max_catch_up }}),
                  overlap (allow or skip, default {{ default.overlap }}: a tick while the last task is active),
                  owner (at most {{ limit.owner }} characters, default none),
                  deadline, delete_deadline, max_count, on_failure (see create_task)
  Result
    out_revision   1 of a new schedule; one more after each change
  Errors
    invalid_argument, unknown_option, invalid_payload, payload_too_large, reserved_key,
    queue_not_allowed, too_many_queues
  Transaction
    Joins the caller's.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_next_at {{ instant }};
  DECLARE v_zone VARCHAR({{ limit.zone }}) {{ string }};
  DECLARE v_namespace VARCHAR({{ limit.namespace }}) {{ string }} DEFAULT '{{ default.namespace }}';
  DECLARE v_misfire VARCHAR(4) {{ string }} DEFAULT '{{ default.misfire }}';
  DECLARE v_max_catch_up BIGINT DEFAULT {{ default.max_catch_up }};
  DECLARE v_overlap VARCHAR(5) {{ string }} DEFAULT '{{ default.overlap }}';
  DECLARE v_owner VARCHAR({{ limit.owner }}) {{ string }} DEFAULT NULL;
  DECLARE v_deadline BIGINT DEFAULT NULL;
  DECLARE v_delete_deadline BIGINT DEFAULT NULL;
  DECLARE v_max_count BIGINT DEFAULT NULL;
  DECLARE v_on_failure VARCHAR({{ limit.queue }}) {{ string }} DEFAULT NULL;
  DECLARE v_queue_id INT;
  DECLARE v_paused TINYINT;
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();

  CALL {{ p }}check_schedule(in_schedule, NULL);
  IF (in_every IS NULL) = (in_cron IS NULL) THEN
    {{ raise("invalid_argument", "one of in_every and in_cron must be given, the other must be NULL") }};
  END IF;
  {{ check_integer("in_every", 1, limit.seconds, " (seconds)", or_null=true) }};
  {{ check_name("in_cron", limit.cron, or_null=true) }};
  {{ check_name("in_zone", limit.zone, or_null=true) }};
  IF in_zone IS NOT NULL AND in_cron IS NULL THEN
    {{ raise("invalid_argument", "in_zone must be NULL if in_every is given") }};
  END IF;
  IF COALESCE({{ unreadable("in_cron") }}, FALSE) OR COALESCE({{ unreadable("in_zone") }}, FALSE) THEN
    {{ raise("invalid_argument", "in_cron and in_zone must have characters of Unicode only") }};
  END IF;
  CALL {{ p }}check_task(in_name, in_payload, in_interval, in_queue);
  IF LENGTH(in_payload) > {{ payload_limit - tick_bytes }} THEN
    {{ raise("payload_too_large", "in_payload must have at most %d bytes: its tick is added" % (payload_limit - tick_bytes)) }};
  END IF;
  IF {{ has_tick("in_payload") }} THEN
    {{ raise("reserved_key", "in_payload must not have the key tick") }};
  END IF;
  IF in_options IS NOT NULL THEN
    CALL {{ p }}read_schedule_options(
      in_options, v_namespace, v_misfire, v_max_catch_up, v_overlap, v_owner, v_deadline, v_delete_deadline, v_max_count,
      v_on_failure
    );
  END IF;

  CALL {{ p }}find_task_queues(v_namespace, in_queue, v_on_failure, v_queue_id, v_paused);
  SET
    v_zone = IF(in_cron IS NULL, NULL, COALESCE(in_zone, '{{ default.zone }}')),
    v_next_at = {{ this_second }} + INTERVAL COALESCE(in_every, 0) SECOND;
  SET out_revision = LAST_INSERT_ID(0) /* R21 */;
  -- R22: what compares with the columns comes before they change.
  {{ checked }} INSERT INTO {{ p }}schedule (
    namespace, schedule, is_cron, every_seconds, cron, zone, misfire, max_catch_up, overlap, since_at, next_at, due_at,
    owner, name, queue, payload, interval_seconds, deadline, delete_deadline, max_count, on_failure
  )
  VALUES (
    v_namespace, in_schedule, in_cron IS NOT NULL, in_every, in_cron, v_zone, v_misfire, v_max_catch_up, v_overlap,
    v_now, v_next_at, v_next_at,
    v_owner, in_name, in_queue, in_payload, in_interval, v_deadline, v_delete_deadline, v_max_count,
    v_on_failure
  )
  ON DUPLICATE KEY UPDATE
    revision = LAST_INSERT_ID(revision + IF({{ same_times }} AND {{ same_rest }}, 0, 1)) /* R21 */,
    since_at = IF({{ same_times }}, since_at, v_now),
    next_at = IF({{ same_times }}, next_at, v_next_at),
    due_at = IF(paused_at IS NULL, next_at, due_at),
    is_cron = in_cron IS NOT NULL,
    every_seconds = in_every,
    cron = in_cron,
    zone = v_zone,
    misfire = v_misfire,
    max_catch_up = v_max_catch_up,
    overlap = v_overlap,
    owner = v_owner,
    name = in_name,
    queue = in_queue,
    payload = in_payload,
    interval_seconds = in_interval,
    deadline = v_deadline,
    delete_deadline = v_delete_deadline,
    max_count = v_max_count,
    on_failure = v_on_failure;
  SET
    out_revision = GREATEST(1, LAST_INSERT_ID()),
    v_last_insert_id = LAST_INSERT_ID(v_last_insert_id) /* R21 */;
  SELECT out_revision AS revision;
END
