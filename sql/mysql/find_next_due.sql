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
  in_after NULL counts what is due already. NULL where there is nothing at all.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_after {{ instant }} DEFAULT COALESCE(in_after, TIMESTAMP'1970-01-01 00:00:00');
  DECLARE v_due_at {{ instant }};

  SELECT MIN(LEAST(
    COALESCE(active_at, {{ end_of_time }}),
    COALESCE(IF(closed OR parked_at IS NULL, parked_at, v_now), {{ end_of_time }})
  ))
  INTO v_due_at
  FROM (
    SELECT
      paused_at IS NOT NULL OR EXISTS (
        SELECT 1 FROM {{ names('in_held') }} AS held WHERE held.name = queue
      ) AS closed,
      (
        SELECT due_at
        FROM {{ p }}task FORCE INDEX (due)
        WHERE lane = queue.queue_id AND due_at > v_after
        ORDER BY lane, due_at
        LIMIT 1
      ) AS active_at,
      (
        SELECT due_at
        FROM {{ p }}task FORCE INDEX (due)
        WHERE lane = -queue.queue_id AND due_at > v_after
        ORDER BY lane, due_at
        LIMIT 1
      ) AS parked_at
    FROM {{ p }}queue AS queue
    WHERE in_namespace IS NULL OR namespace = in_namespace
  ) AS lane;

  SELECT LEAST(COALESCE(v_due_at, {{ end_of_time }}), COALESCE(MIN(lapses_at), {{ end_of_time }}))
  INTO v_due_at
  FROM {{ p }}batch;

  SET out_wait_ms = IF(
    v_due_at < {{ end_of_time }},
    GREATEST(0, CEILING(TIMESTAMPDIFF(MICROSECOND, v_now, v_due_at) / 1000)),
    NULL
  );
END
