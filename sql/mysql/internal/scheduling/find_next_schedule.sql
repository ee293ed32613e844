CREATE PROCEDURE {{ p }}find_next_schedule (
  IN in_is_cron TINYINT,
  OUT out_wait_ms BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: milliseconds until the first schedule of a kind needs attention; NULL if none does.
  */
  DECLARE v_due_at {{ instant }};

  SELECT MIN(due_at)
  INTO v_due_at
  FROM {{ p }}schedule
  WHERE is_cron = in_is_cron;
  IF v_due_at < {{ end_of_time }} THEN
    SET out_wait_ms = GREATEST(0, CEILING(TIMESTAMPDIFF(MICROSECOND, {{ now }}, v_due_at) / 1000));
  END IF;
END
