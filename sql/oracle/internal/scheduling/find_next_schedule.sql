PROCEDURE find_next_schedule (
  in_is_cron IN NUMBER,
  out_wait_ms OUT NUMBER
)
/*
Internal: milliseconds until the first schedule of a kind needs attention; NULL if none does.
*/
IS
  v_due_at {{ instant }};
  v_wait INTERVAL DAY(9) TO SECOND(3);
BEGIN
  SELECT MIN(due_at)
  INTO v_due_at
  FROM {{ p }}schedule
  WHERE is_cron = in_is_cron;
  IF v_due_at < {{ end_of_time }} THEN
    v_wait := v_due_at - {{ now }};
    out_wait_ms := GREATEST(0, CEIL({{ in_seconds("v_wait") }} * 1000));
  END IF;
END find_next_schedule;
