CREATE PROCEDURE {{ p }}find_low_end (
  IN in_lane INT,
  OUT out_due TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: whether a task of a lane is due. If looking is slow, low_end is told where the next look may
  begin, and for how long: {{ low_end.times }} times what this one took. Not for transactions that lock tasks.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_known INT;
  DECLARE v_from {{ instant }};
  DECLARE v_first_at {{ instant }};
  DECLARE v_low_end {{ instant }};
  DECLARE v_took BIGINT;

  SELECT COUNT(*), MAX(IF({{ valid("v_now") }}, first_at, NULL))
  INTO v_known, v_from
  FROM {{ p }}low_end
  WHERE lane = in_lane;

  CALL {{ p }}find_first(in_lane, v_from, v_now, v_first_at, v_took);
  IF v_known = 0 AND v_took >= {{ low_end.slow }} THEN
    -- A busy machine can make any look slow, once.
    CALL {{ p }}find_first(in_lane, v_from, v_now, v_first_at, v_took);
  END IF;
  SET out_due = COALESCE(v_first_at <= v_now, FALSE);
  SET v_low_end = LEAST(COALESCE(v_first_at, v_now), v_now - INTERVAL {{ low_end.margin }} SECOND);

  IF v_took < {{ low_end.slow }} THEN
    IF v_known > 0 AND v_from IS NULL THEN
      DELETE FROM {{ p }}low_end
      WHERE lane = in_lane AND NOT {{ valid("v_now") }};
    END IF;
  ELSEIF v_from IS NULL THEN
    SET v_now = {{ now }} + INTERVAL LEAST(
      GREATEST(v_took * {{ low_end.times }}, {{ low_end.shortest }}), {{ low_end.longest }}
    ) MICROSECOND;
    INSERT INTO {{ p }}low_end (lane, first_at, valid_until)
    VALUES (in_lane, v_low_end, v_now)
    ON DUPLICATE KEY UPDATE first_at = v_low_end, valid_until = v_now;
  ELSEIF v_low_end > v_from + INTERVAL {{ low_end.margin }} SECOND THEN
    -- Unless give_back has come between.
    UPDATE {{ p }}low_end
    SET first_at = v_low_end
    WHERE lane = in_lane AND first_at = v_from;
  END IF;
END
