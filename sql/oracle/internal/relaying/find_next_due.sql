PROCEDURE find_next_due (
  in_after IN TIMESTAMP,
  in_namespace IN VARCHAR2,
  in_held IN CLOB,
  out_wait_ms OUT NUMBER
)
/*
Internal: milliseconds until a scan has something to do that it could not do before in_after;
in_after NULL counts what is due already. NULL if there is nothing at all.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_after {{ instant }} := COALESCE(in_after, TIMESTAMP '1970-01-01 00:00:00');
  v_due_at {{ instant }};
  v_wait INTERVAL DAY(9) TO SECOND(3);
BEGIN
  SELECT MIN(LEAST(
    COALESCE(active_at, {{ end_of_time }}),
    COALESCE(CASE WHEN closed = 1 OR parked_at IS NULL THEN parked_at ELSE v_now END, {{ end_of_time }})
  ))
  INTO v_due_at
  FROM (
    SELECT /*+ USE_HASH(held) */ /* O4 */
      CASE WHEN queue.paused_at IS NOT NULL OR held.name IS NOT NULL THEN 1 ELSE 0 END AS closed,
      (
        SELECT MIN(task.due_at)
        FROM {{ p }}task task
        WHERE task.lane = queue.queue_id AND task.due_at > v_after
      ) AS active_at,
      (
        SELECT MIN(task.due_at)
        FROM {{ p }}task task
        WHERE task.lane = -queue.queue_id AND task.due_at > v_after
      ) AS parked_at
    FROM {{ p }}queue queue
    LEFT JOIN {{ names("in_held") }} held ON held.name_bytes = {{ binary("queue.queue") }}
    WHERE queue.removed_at IS NULL AND queue.direct = 0 AND (in_namespace IS NULL OR {{ same("queue.namespace", "in_namespace") }})
  ) lane;

  SELECT LEAST(COALESCE(v_due_at, {{ end_of_time }}), COALESCE(MIN(lapses_at), {{ end_of_time }}))
  INTO v_due_at
  FROM {{ p }}batch;

  IF v_due_at < {{ end_of_time }} THEN
    v_wait := v_due_at - v_now;
    out_wait_ms := GREATEST(0, CEIL({{ in_seconds("v_wait") }} * 1000));
  END IF;
END find_next_due;
