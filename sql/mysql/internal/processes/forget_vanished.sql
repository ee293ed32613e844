CREATE PROCEDURE {{ p }}forget_vanished ()
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: deletes the processes that have not been seen for {{ default.process_kept }} s. If there are more than
  {{ limit.processes }}, as somebody has made them up, those that were not seen for longest go, too.
  */
  DECLARE v_until {{ instant }};
  DECLARE v_names {{ text }};

  SELECT MAX(seen_at)
  INTO v_until
  FROM (
    SELECT seen_at FROM {{ p }}process ORDER BY seen_at DESC LIMIT {{ limit.processes }}, 1
  ) AS oldest;
  SET v_until = GREATEST(COALESCE(v_until, {{ beginning_of_time }}), {{ now }} - INTERVAL {{ default.process_kept }} SECOND);

  {{ settled }} SELECT JSON_ARRAYAGG(name)
  INTO v_names
  FROM (
    SELECT name FROM {{ p }}process WHERE seen_at <= v_until ORDER BY name LIMIT {{ limit.rows }}
  ) AS vanished;
  IF v_names IS NOT NULL THEN
    -- Unless one has come back meanwhile.
    {{ settled }} DELETE process
    FROM JSON_TABLE(v_names, '$[*]' COLUMNS (name VARCHAR({{ limit.relay }}) {{ string }} PATH '$')) AS given
    STRAIGHT_JOIN {{ p }}process AS process FORCE INDEX (PRIMARY) /* R3 */ ON process.name = given.name
    WHERE process.seen_at <= v_until;
  END IF;
END
