CREATE PROCEDURE {{ p }}look_for_tasks (
  IN in_queues {{ text }},
  IN in_namespace {{ text }},
  OUT out_direct INT,
  OUT out_redis {{ text }},
  OUT out_lanes {{ text }},
  OUT out_due LONGBLOB,
  OUT out_next_at {{ instant }},
  OUT out_took BIGINT,
  OUT out_last_id BIGINT UNSIGNED
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: which queues of take_tasks have something to take now, and when the next one has. By plain reads; the
  caller has opened the transaction, which ends here.

  out_direct counts the names of direct queues, and of those that will be; out_redis is a JSON array of the names of
  others. A removed queue keeps its delivery, and its next task brings it back. out_lanes is a list of the lanes to
  watch, with 0 if there are names of no queue yet. out_due has {{ lane_width }} characters for each queue with a due task,
  in the order of the names: its number, whether it has due tasks and whether it has parked ones. out_took is in
  microseconds. A task that is not seen and created later has a number above out_last_id.
  */
  DECLARE v_now {{ instant }};
  DECLARE v_began DATETIME(6) DEFAULT SYSDATE(6) /* R32 */;
  DECLARE v_known {{ text }} DEFAULT '[]';
  DECLARE v_last INT;
  DECLARE v_registered INT;
  DECLARE v_unknown INT;

  SELECT MAX(lane) /* R31 */
  INTO v_last
  FROM {{ p }}low_end;
  IF v_last > 0 THEN
    -- The end of the table may be as full of what is deleted as the lanes are.
    CALL {{ p }}find_next_id(out_last_id);
    SET out_last_id = out_last_id - 1;
    {{ commit }};
    CALL {{ p }}begin_work();
    CALL {{ p }}find_low_ends(in_namespace, FALSE, v_known);
    {{ commit }};
    CALL {{ p }}begin_work();
  ELSE
    SELECT COALESCE(MAX(task_id), 0)
    INTO out_last_id
    FROM {{ p }}task;
  END IF;
  SET v_now = {{ now }};

  {{ settled }} SELECT {{ uncut }}
    COUNT(DISTINCT name),
    COUNT(DISTINCT IF(direct, name, NULL)),
    CONCAT('[', GROUP_CONCAT(DISTINCT IF(direct, NULL, JSON_QUOTE(name)) SEPARATOR ','), ']'),
    GROUP_CONCAT(IF(open, queue_id, NULL) SEPARATOR ','),
    GROUP_CONCAT(
      IF(first_at <= v_now OR parked, CONCAT(LPAD(queue_id, 10, '0'), COALESCE(first_at <= v_now, 0), parked), NULL)
      ORDER BY place, queue_id SEPARATOR ''
    ),
    MIN(first_at)
  INTO v_registered, out_direct, out_redis, out_lanes, out_due, out_next_at
  FROM (
    SELECT
      place, name, queue_id, direct, open,
      IF(open, IF(known.lane IS NULL, (
        SELECT due_at
        FROM {{ p }}task FORCE INDEX (due) /* R2 */
        WHERE lane = queue.queue_id
        ORDER BY lane, due_at
        LIMIT 1
      ), IF(known.due, {{ beginning_of_time }}, NULL)), NULL) AS first_at,
      IF(open, COALESCE((
        SELECT TRUE
        FROM {{ p }}task FORCE INDEX (due) /* R2 */
        WHERE lane = -queue.queue_id
        ORDER BY lane, due_at
        LIMIT 1
      ), FALSE), FALSE) AS parked
    FROM (
      SELECT given.place, queue AS name, queue_id, direct, direct AND paused_at IS NULL AS open
      FROM {{ p }}queue AS queue
      STRAIGHT_JOIN /* R10 */ (
        SELECT MIN(place) AS place, LEFT(name, {{ limit.queue + 1 }}) AS name
        FROM JSON_TABLE(in_queues, '$[*]' COLUMNS (
          place FOR ORDINALITY, name {{ text }} PATH '$'
        )) AS element
        GROUP BY LEFT(name, {{ limit.queue + 1 }})
      ) AS given ON given.name = queue.queue
      WHERE in_namespace IS NULL OR namespace = in_namespace
    ) AS queue
    LEFT JOIN (
      SELECT DISTINCT lane, due
      FROM JSON_TABLE(v_known, '$[*]' COLUMNS (
        lane INT PATH '$[0]', due TINYINT PATH '$[1]'
      )) AS low
    ) AS known ON known.lane = queue.queue_id
  ) AS found;
  SET v_unknown = JSON_LENGTH(in_queues) - v_registered;
  IF v_unknown > 0 THEN
    -- A queue that is registered later has the delivery that the installation has chosen.
    SET
      out_lanes = CONCAT_WS(',', out_lanes, 0),
      out_direct = out_direct + IF({{ default_direct }}, v_unknown, 0);
  END IF;
  {{ commit }};
  SET out_took = GREATEST(TIMESTAMPDIFF(MICROSECOND, v_began, SYSDATE(6)) /* R32 */, 0);
  IF out_took > {{ low_end.slow }} + 100 * JSON_LENGTH(in_queues) THEN
    CALL {{ p }}begin_work();
    CALL {{ p }}find_low_ends(in_namespace, TRUE, v_known);
    {{ commit }};
  END IF;
END
