PROCEDURE check_ticks (
  in_ticks IN CLOB,
  in_first_at IN TIMESTAMP,
  in_end_at IN TIMESTAMP,
  in_now IN TIMESTAMP
)
/*
Internal: refuses what is no list of ticks that are due.
*/
IS
  v_found NUMBER;
  v_before_at {{ instant }} := in_first_at - {{ seconds(1) }};
  v_tick_at {{ instant }};
  CURSOR c_ticks IS
    SELECT tick
    FROM JSON_TABLE(in_ticks, '$[*]' COLUMNS (place FOR ORDINALITY, tick VARCHAR2(20 CHAR) PATH '$'))
    ORDER BY place;
BEGIN
  {{ bytes_at_most("in_ticks", limit.ticks) }};
  SELECT COUNT(*)
  INTO v_found
  FROM dual
  WHERE {{ is_json("in_ticks", "[") }};
  IF v_found = 1 THEN
    SELECT COUNT(*)
    INTO v_found
    FROM JSON_TABLE(in_ticks, '$[*]' COLUMNS (place FOR ORDINALITY));
  ELSE
    v_found := NULL;
  END IF;
  IF v_found IS NULL OR v_found > {{ limit.catch_up }} THEN
    {{ raise("invalid_argument", "in_ticks must be a JSON array of at most %d times" % limit.catch_up) }};
  END IF;
  FOR v_given IN c_ticks LOOP
    read_tick(v_given.tick, v_tick_at);
    IF v_tick_at IS NULL OR v_tick_at <= v_before_at OR v_tick_at > in_now OR v_tick_at >= in_end_at THEN
      {{ raise("invalid_argument", "in_ticks must be times in their order, from in_next_at to now, before in_following_at") }};
    END IF;
    v_before_at := v_tick_at;
  END LOOP;
END check_ticks;
