{#- Whether the times are as they were, and all the rest. -#}
{%- set same_times -%}
{{ unchanged("every_seconds", "in_every") }} AND {{ unchanged(binary("cron"), binary("in_cron")) }}
        AND {{ unchanged(binary("zone"), binary("v_zone")) }}
{%- endset -%}
{%- set same_rest -%}
{{ same("misfire", "v_misfire") }} AND {{ same("overlap", "v_overlap") }} AND max_catch_up = v_max_catch_up
        AND {{ unchanged(binary("owner"), binary("in_owner")) }} AND {{ same("name", "in_name") }}
        AND {{ same("queue", "in_queue") }} AND DBMS_LOB.COMPARE(payload, in_payload) = 0
        AND interval_seconds = in_interval AND {{ unchanged("deadline", "in_deadline") }}
        AND {{ unchanged("delete_deadline", "in_delete_deadline") }} AND {{ unchanged("max_count", "in_max_count") }}
        AND {{ unchanged(binary("on_failure"), binary("in_on_failure")) }}
{%- endset -%}
PROCEDURE set_schedule (
  in_schedule IN VARCHAR2,
  in_every IN NUMBER,
  in_cron IN VARCHAR2,
  in_zone IN VARCHAR2,
  in_name IN VARCHAR2,
  in_payload IN CLOB,
  in_interval IN NUMBER,
  in_queue IN VARCHAR2,
  out_revision OUT NUMBER,
  in_namespace IN VARCHAR2 DEFAULT NULL,
  in_misfire IN VARCHAR2 DEFAULT NULL,
  in_max_catch_up IN NUMBER DEFAULT NULL,
  in_overlap IN VARCHAR2 DEFAULT NULL,
  in_owner IN VARCHAR2 DEFAULT NULL,
  in_deadline IN NUMBER DEFAULT NULL,
  in_delete_deadline IN NUMBER DEFAULT NULL,
  in_max_count IN NUMBER DEFAULT NULL,
  in_on_failure IN VARCHAR2 DEFAULT NULL
)
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
  in_namespace  of the schedule and its tasks, 1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
  in_misfire    skip, once or all; NULL is {{ default.misfire }}: the ticks that nobody ran in time
  in_max_catch_up  1 to {{ limit.catch_up }}; NULL is {{ default.max_catch_up }}
  in_overlap    allow or skip; NULL is {{ default.overlap }}: a tick while the last task is active
  in_owner      at most {{ limit.owner }} characters; NULL is none
  in_deadline   as in_delete_deadline, in_max_count and in_on_failure: see create_task
  in_delete_deadline  see create_task
  in_max_count  see create_task
  in_on_failure  see create_task
Result
  out_revision   1 of a new schedule; one more after each change
Errors
  invalid_argument, invalid_payload, payload_too_large, reserved_key,
  queue_not_allowed, too_many_queues
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_next_at {{ instant }} := {{ second_of("v_now") }} + {{ seconds("COALESCE(in_every, 0)") }};
  v_is_cron NUMBER := CASE WHEN in_cron IS NULL THEN 0 ELSE 1 END;
  v_zone VARCHAR2(32767) := CASE WHEN in_cron IS NOT NULL THEN COALESCE(in_zone, '{{ default.zone }}') END;
  v_namespace VARCHAR2(32767) := COALESCE(in_namespace, '{{ default.namespace }}');
  v_misfire VARCHAR2(32767) := COALESCE(in_misfire, '{{ default.misfire }}');
  v_max_catch_up NUMBER := COALESCE(in_max_catch_up, {{ default.max_catch_up }});
  v_overlap VARCHAR2(32767) := COALESCE(in_overlap, '{{ default.overlap }}');
  v_queue_id NUMBER;
  v_paused NUMBER;
BEGIN
  {{ enter("set_schedule") }};
  check_schedule(in_schedule, NULL);
  IF (in_every IS NULL AND in_cron IS NULL) OR (in_every IS NOT NULL AND in_cron IS NOT NULL) THEN
    {{ raise("invalid_argument", "one of in_every and in_cron must be given, the other must be NULL") }};
  END IF;
  {{ check_integer("in_every", 1, limit.seconds, " (seconds)", or_null=true) }};
  {{ check_name("in_cron", limit.cron, or_null=true) }};
  {{ check_name("in_zone", limit.zone, or_null=true) }};
  IF in_zone IS NOT NULL AND in_cron IS NULL THEN
    {{ raise("invalid_argument", "in_zone must be NULL if in_every is given") }};
  END IF;
  check_task('in_', in_name, in_payload, in_interval, in_queue);
  IF LENGTH(in_payload) * 4 > {{ payload_limit - tick_bytes }} AND utf8_length(in_payload) > {{ payload_limit - tick_bytes }} THEN
    {{ raise("payload_too_large", "in_payload must have at most %d bytes: its tick is added" % (payload_limit - tick_bytes)) }};
  END IF;
  check_schedule_options(in_payload, v_misfire, v_max_catch_up, v_overlap, in_owner);
  check_options('in_', in_namespace, NULL, in_deadline, in_delete_deadline, in_max_count, in_on_failure);

  find_task_queues(v_namespace, in_queue, in_on_failure, v_queue_id, v_paused);
  BEGIN
    INSERT INTO {{ p }}schedule (
      namespace, schedule, is_cron, every_seconds, cron, zone, misfire, max_catch_up, overlap, since_at, next_at, due_at,
      owner, name, queue, payload, interval_seconds, deadline, delete_deadline, max_count, on_failure
    )
    VALUES (
      v_namespace, in_schedule, v_is_cron, in_every, in_cron, v_zone, v_misfire, v_max_catch_up, v_overlap,
      v_now, v_next_at, v_next_at,
      in_owner, in_name, in_queue, in_payload, in_interval, in_deadline, in_delete_deadline, in_max_count,
      in_on_failure
    )
    RETURNING revision INTO out_revision;
  EXCEPTION
    WHEN DUP_VAL_ON_INDEX THEN
      UPDATE {{ p }}schedule
      SET
        revision = CASE WHEN {{ same_times }} AND {{ same_rest }} THEN revision ELSE revision + 1 END,
        since_at = CASE WHEN {{ same_times }} THEN since_at ELSE v_now END,
        next_at = CASE WHEN {{ same_times }} THEN next_at ELSE v_next_at END,
        due_at = CASE WHEN paused_at IS NOT NULL THEN due_at WHEN {{ same_times }} THEN next_at ELSE v_next_at END,
        is_cron = v_is_cron,
        every_seconds = in_every,
        cron = in_cron,
        zone = v_zone,
        misfire = v_misfire,
        max_catch_up = v_max_catch_up,
        overlap = v_overlap,
        owner = in_owner,
        name = in_name,
        queue = in_queue,
        payload = in_payload,
        interval_seconds = in_interval,
        deadline = in_deadline,
        delete_deadline = in_delete_deadline,
        max_count = in_max_count,
        on_failure = in_on_failure
      WHERE {{ same("namespace", "v_namespace") }} AND {{ same("schedule", "in_schedule") }}
      RETURNING revision INTO out_revision;
      IF SQL%ROWCOUNT = 0 THEN
        RAISE;
      END IF;
  END;
END set_schedule;
