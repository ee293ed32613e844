CREATE PROCEDURE {{ p }}find_low_ends (
  IN in_namespace {{ text }},
  IN in_all TINYINT,
  INOUT out_known {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: find_low_end for the queues that low_end knows, whose lanes it appends to out_known, each with
  whether a task is due; or for all.
  */
  DECLARE v_lane INT;
  DECLARE v_due TINYINT;
  DECLARE v_done TINYINT DEFAULT FALSE;
  DECLARE v_some {{ text }} DEFAULT '[]';
  DECLARE c_lanes CURSOR FOR
    SELECT queue.queue_id
    FROM {{ p }}queue AS queue
    LEFT JOIN {{ p }}low_end AS low_end ON low_end.lane = queue.queue_id
    WHERE (in_namespace IS NULL OR queue.namespace = in_namespace)
      AND ((in_all AND queue.removed_at IS NULL) OR low_end.lane IS NOT NULL)
    ORDER BY queue.queue_id;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;

  OPEN c_lanes;
  each_lane: LOOP
    FETCH c_lanes INTO v_lane;
    IF v_done THEN
      LEAVE each_lane;
    END IF;
    CALL {{ p }}find_low_end(v_lane, v_due);
    IF NOT in_all THEN
      SET v_some = JSON_ARRAY_APPEND(v_some, '$', JSON_ARRAY(v_lane, v_due));
      {{ add_gathered("out_known", "v_some", gathered) }};
    END IF;
  END LOOP;
  CLOSE c_lanes;
  {{ add_gathered("out_known", "v_some", 2) }};
END
