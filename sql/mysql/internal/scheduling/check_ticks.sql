CREATE PROCEDURE {{ p }}check_ticks (
  IN in_ticks {{ text }},
  IN in_first_at {{ instant }},
  IN in_end_at {{ instant }},
  IN in_now {{ instant }}
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: refuses what is no list of ticks that are due.
  */
  DECLARE v_before_at {{ instant }} DEFAULT in_first_at - INTERVAL 1 SECOND;
  DECLARE v_tick_at {{ instant }};
  DECLARE v_place INT DEFAULT 0;
  DECLARE v_due INT;

  {{ bytes_at_most("in_ticks", limit.ticks) }};
  IF in_ticks IS NULL OR NOT JSON_VALID(in_ticks) OR JSON_TYPE(in_ticks) <> 'ARRAY'
    OR JSON_LENGTH(in_ticks) > {{ limit.catch_up }} THEN
    {{ raise("invalid_argument", "in_ticks must be a JSON array of at most %d times" % limit.catch_up) }};
  END IF;
  SET v_due = JSON_LENGTH(in_ticks);
  WHILE v_place < v_due DO
    CALL {{ p }}read_tick(JSON_UNQUOTE(JSON_EXTRACT(in_ticks, CONCAT('$[', v_place, ']'))), v_tick_at);
    IF COALESCE(v_tick_at <= v_before_at OR v_tick_at > in_now OR v_tick_at >= in_end_at, TRUE) THEN
      {{ raise("invalid_argument", "in_ticks must be times in their order, from in_next_at to now, before in_following_at") }};
    END IF;
    SET v_before_at = v_tick_at, v_place = v_place + 1;
  END WHILE;
END
