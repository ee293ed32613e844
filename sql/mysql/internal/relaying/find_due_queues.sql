CREATE PROCEDURE {{ p }}find_due_queues (
  IN in_now {{ instant }},
  IN in_namespace {{ text }},
  IN in_held {{ text }},
  IN in_known {{ text }},
  OUT out_lanes LONGBLOB,
  OUT out_slow TINYINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: the queues with something to do for a scan, in random order, {{ lane_width }} characters each: the number of the queue,
  whether it is closed, and whether parked tasks of it are due. NULL if there is none. out_slow says that the look was slow.
  in_known is what find_low_ends tells of lanes that need no look.
  R30: with a cursor in place of one text MariaDB 11.8 crashes if somebody has altered a table since the last call.
  */
  DECLARE v_began DATETIME(6) DEFAULT SYSDATE(6) /* R32 */;
  DECLARE v_queues INT;

  {{ settled }} SELECT {{ uncut }} COUNT(*), GROUP_CONCAT(lane ORDER BY RAND() SEPARATOR '')
  INTO v_queues, out_lanes
  FROM (
    SELECT IF(active OR parked, CONCAT(LPAD(queue_id, 10, '0'), closed, parked), NULL) AS lane
    FROM (
      SELECT
        queue_id,
        closed,
        IF(known.lane IS NULL, (
          SELECT due_at
          FROM {{ p }}task FORCE INDEX (due) /* R2 */
          WHERE lane = queue.queue_id
          ORDER BY lane, due_at
          LIMIT 1
        ) <= in_now, known.due) AS active,
        COALESCE((
          SELECT due_at
          FROM {{ p }}task FORCE INDEX (due) /* R2 */
          WHERE lane = -queue.queue_id
          ORDER BY lane, due_at
          LIMIT 1
        ) <= IF(closed, in_now, {{ end_of_time }}), FALSE) AS parked
      FROM (
        SELECT
          queue_id,
          paused_at IS NOT NULL OR held.name IS NOT NULL AS closed
        FROM {{ p }}queue AS queue
        LEFT JOIN {{ names('in_held') }} AS held ON held.name = queue.queue
        WHERE removed_at IS NULL AND direct = 0 AND (in_namespace IS NULL OR namespace = in_namespace)
      ) AS queue
      LEFT JOIN (
        SELECT DISTINCT lane, due
        FROM JSON_TABLE(in_known, '$[*]' COLUMNS (
          lane INT PATH '$[0]', due TINYINT PATH '$[1]'
        )) AS given
      ) AS known ON known.lane = queue.queue_id
    ) AS queue
  ) AS found;
  SET out_slow = TIMESTAMPDIFF(MICROSECOND, v_began, SYSDATE(6)) /* R32 */ > {{ low_end.slow }} + 100 * v_queues;
END
