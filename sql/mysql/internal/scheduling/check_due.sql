{%- set time_rule = "must be a time such as 2026-11-29T10:00:00Z" -%}
CREATE PROCEDURE {{ p }}check_due (
  IN in_schedules {{ text }},
  IN in_now {{ instant }}
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: refuses what advance_schedules cannot read, and ticks that are not due.
  */
  DECLARE v_element INT;
  DECLARE v_problem VARCHAR(90) {{ string }};
  DECLARE v_message VARCHAR(128) {{ string }};
  DECLARE EXIT HANDLER FOR {{ json_errors }}
    {{ raise("invalid_argument", "in_schedules is nested too deeply") }};

  {{ bytes_at_most("in_schedules", limit.due) }};
  IF in_schedules IS NULL OR NOT JSON_VALID(in_schedules) OR JSON_TYPE(in_schedules) <> 'ARRAY' THEN
    {{ raise("invalid_argument", "in_schedules must be a JSON array of objects") }};
  END IF;
  IF JSON_LENGTH(in_schedules) > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_schedules must have at most %d elements" % limit.rows) }};
  END IF;
  IF {{ unreadable("in_schedules") }} THEN
    {{ raise("invalid_argument", "in_schedules must have characters of Unicode only") }};
  END IF;

  SELECT element, problem
  INTO v_element, v_problem
  FROM (
    SELECT
      element,
      CASE
        WHEN namespace IS NULL OR schedule IS NULL THEN 'it must have the names of namespace and schedule'
        WHEN revision IS NULL THEN 'revision must be a whole number'
        WHEN NOT {{ is_tick("next_at") }} THEN 'next_at {{ time_rule }}'
        WHEN following_at IS NOT NULL AND NOT ({{ is_tick("following_at") }} AND following_at > next_at) THEN
          'following_at {{ time_rule }}, after next_at'
        WHEN place > {{ limit.catch_up }} THEN 'ticks must be at most {{ limit.catch_up }}'
        WHEN place IS NOT NULL AND NOT (
          {{ is_tick("tick") }} AND tick BETWEEN next_at AND {{ tick_of("in_now") }}
          AND (following_at IS NULL OR tick < following_at)
        ) THEN 'ticks must be times from next_at to now, before following_at'
      END AS problem
    FROM {{ due_ticks("in_schedules") }}
  ) AS checked
  WHERE problem IS NOT NULL
  ORDER BY element
  LIMIT 1;
  IF v_problem IS NOT NULL THEN
    SET v_message = CONCAT('in_schedules, element ', v_element, ': ', v_problem);
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {{ error.invalid_argument }}, MESSAGE_TEXT = v_message;
  END IF;
END
