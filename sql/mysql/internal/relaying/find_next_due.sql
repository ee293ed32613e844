CREATE PROCEDURE {{ p }}find_next_due (
  IN in_after {{ instant }},
  IN in_namespace {{ text }},
  IN in_held {{ text }},
  OUT out_wait_ms BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: milliseconds until a scan has something to do that it could not do before in_after;
  in_after NULL counts what is due already. NULL if there is nothing at all.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_after {{ instant }} DEFAULT COALESCE(in_after, {{ beginning_of_time }});
  DECLARE v_due_at {{ instant }};
  DECLARE v_last INT;

  SELECT MIN(LEAST(
    COALESCE(active_at, {{ end_of_time }}),
    COALESCE(IF(closed OR parked_at IS NULL, parked_at, v_now), {{ end_of_time }})
  ))
  INTO v_due_at
  FROM (
    SELECT
      paused_at IS NOT NULL OR held.name IS NOT NULL AS closed,
      IF(low_end.lane IS NULL, (
        SELECT due_at
        FROM {{ p }}task FORCE INDEX (due) /* R2 */
        WHERE lane = queue.queue_id AND due_at > v_after
        ORDER BY lane, due_at
        LIMIT 1
      ), NULL) AS active_at,
      (
        SELECT due_at
        FROM {{ p }}task FORCE INDEX (due) /* R2 */
        WHERE lane = -queue.queue_id AND due_at > v_after
        ORDER BY lane, due_at
        LIMIT 1
      ) AS parked_at
    FROM {{ p }}queue AS queue
    LEFT JOIN {{ names('in_held') }} AS held ON held.name = queue.queue
    LEFT JOIN {{ p }}low_end AS low_end ON low_end.lane = queue.queue_id
    WHERE queue.removed_at IS NULL AND queue.direct = 0 AND (in_namespace IS NULL OR namespace = in_namespace)
  ) AS lane;

  SELECT MAX(lane) /* R31 */
  INTO v_last
  FROM {{ p }}low_end;
  IF v_last > 0 THEN
    BEGIN
      DECLARE v_horizon {{ instant }} DEFAULT v_now + INTERVAL {{ low_end.margin }} SECOND;
      DECLARE v_lane INT;
      DECLARE v_from {{ instant }};
      DECLARE v_first_at {{ instant }};
      DECLARE v_took BIGINT;
      DECLARE v_done TINYINT DEFAULT FALSE;
      DECLARE c_lanes CURSOR FOR
        SELECT low_end.lane, IF({{ valid("v_now") }}, GREATEST(first_at, v_after + INTERVAL 1000 MICROSECOND), NULL)
        FROM {{ p }}low_end AS low_end
        JOIN {{ p }}queue AS queue ON queue.queue_id = low_end.lane
        WHERE queue.direct = 0 AND (in_namespace IS NULL OR queue.namespace = in_namespace);
      DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;

      SET v_due_at = COALESCE(v_due_at, {{ end_of_time }});
      OPEN c_lanes;
      each_lane: LOOP
        FETCH c_lanes INTO v_lane, v_from;
        IF v_done THEN
          LEAVE each_lane;
        END IF;
        IF v_from IS NULL THEN
          -- The next scan must look at the whole lane.
          SET v_due_at = LEAST(v_due_at, v_now);
        ELSE
          CALL {{ p }}find_first(v_lane, v_from, v_horizon, v_first_at, v_took);
          SET v_due_at = LEAST(v_due_at, COALESCE(v_first_at, v_horizon));
        END IF;
      END LOOP;
      CLOSE c_lanes;
    END;
  END IF;

  SELECT LEAST(COALESCE(v_due_at, {{ end_of_time }}), COALESCE(MIN(lapses_at), {{ end_of_time }}))
  INTO v_due_at
  FROM {{ p }}batch;

  SET out_wait_ms = IF(
    v_due_at < {{ end_of_time }},
    GREATEST(0, CEILING(TIMESTAMPDIFF(MICROSECOND, v_now, v_due_at) / 1000)),
    NULL
  );
END
