{%- set time_rule = "must be a time such as 2026-11-29T10:00:00Z" -%}
PROCEDURE check_due (
  in_schedules IN CLOB,
  in_now IN TIMESTAMP
)
/*
Internal: refuses what advance_schedules cannot read, and ticks that are not due.
*/
IS
  v_found NUMBER;
  v_label VARCHAR2(100);
  v_next_at {{ instant }};
  v_following_at {{ instant }};
  v_tick_at {{ instant }};
  CURSOR c_schedules IS
    SELECT element, namespace, schedule, revision, next_tick, following_tick, ticks
    FROM {{ due_schedules("in_schedules") }}
    ORDER BY element;
  CURSOR c_ticks (in_ticks CLOB) IS
    SELECT place, tick
    FROM {{ ticks_of("in_ticks") }}
    ORDER BY place;
BEGIN
  {{ bytes_at_most("in_schedules", limit.due) }};
  SELECT COUNT(*)
  INTO v_found
  FROM dual
  WHERE {{ is_json("in_schedules", "[") }};
  IF v_found = 0 THEN
    {{ raise("invalid_argument", "in_schedules must be a JSON array of objects") }};
  END IF;
  SELECT COUNT(*)
  INTO v_found
  FROM JSON_TABLE(in_schedules, '$[*]' COLUMNS (element FOR ORDINALITY));
  IF v_found > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_schedules must have at most %d elements" % limit.rows) }};
  END IF;

  FOR v_given IN c_schedules LOOP
    v_label := 'in_schedules, element ' || v_given.element || ': ';
    IF v_given.namespace IS NULL OR v_given.schedule IS NULL THEN
      {{ raise("invalid_argument", "it must have the names of namespace and schedule", "v_label || ") }};
    END IF;
    IF v_given.revision IS NULL THEN
      {{ raise("invalid_argument", "revision must be a whole number", "v_label || ") }};
    END IF;
    read_tick(v_given.next_tick, v_next_at);
    IF v_next_at IS NULL THEN
      {{ raise("invalid_argument", "next_at " ~ time_rule, "v_label || ") }};
    END IF;
    read_tick(v_given.following_tick, v_following_at);
    IF v_given.following_tick IS NOT NULL AND (v_following_at IS NULL OR v_following_at <= v_next_at) THEN
      {{ raise("invalid_argument", "following_at " ~ time_rule ~ ", after next_at", "v_label || ") }};
    END IF;
    FOR v_each IN c_ticks(v_given.ticks) LOOP
      IF v_each.place > {{ limit.catch_up }} THEN
        {{ raise("invalid_argument", "ticks must be at most %d" % limit.catch_up, "v_label || ") }};
      END IF;
      read_tick(v_each.tick, v_tick_at);
      IF v_tick_at IS NULL OR v_tick_at < v_next_at OR v_tick_at > in_now OR v_tick_at >= v_following_at THEN
        {{ raise("invalid_argument", "ticks must be times from next_at to now, before following_at", "v_label || ") }};
      END IF;
    END LOOP;
  END LOOP;
END check_due;
