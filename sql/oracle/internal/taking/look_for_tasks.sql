PROCEDURE look_for_tasks (
  in_queues IN CLOB,
  in_namespace IN VARCHAR2,
  out_direct OUT NUMBER,
  out_redis OUT CLOB,
  out_due OUT NOCOPY ids,
  out_next_at OUT TIMESTAMP,
  out_took OUT NUMBER
)
/*
Internal: which queues of take_tasks have something to take now, and when the next one has.

out_direct counts the direct queues, and the names of those that will be; out_redis is a JSON array of the names of
others. A removed queue keeps its delivery, and its next task brings it back. out_due has the lanes with a due or
parked task, in the order of the names, parked ones first. out_took is in seconds.
*/
IS
  v_began TIMESTAMP(6) := {{ now }};
  v_now {{ instant }} := v_began;
  v_names NUMBER;
  v_elsewhere NUMBER := 0;
  v_place NUMBER := 0;
  v_took INTERVAL DAY(9) TO SECOND(3);
  CURSOR c_queues IS
    SELECT /*+ USE_HASH(given) */ /* O4 */
      given.place,
      queue.queue_id,
      queue.direct,
      CASE WHEN queue.direct = 1 AND queue.paused_at IS NULL THEN (
        SELECT MIN(task.due_at)
        FROM {{ p }}task task
        WHERE task.lane = queue.queue_id
      ) END AS first_at,
      CASE WHEN queue.direct = 1 AND queue.paused_at IS NULL THEN (
        SELECT MIN(task.due_at)
        FROM {{ p }}task task
        WHERE task.lane = -queue.queue_id
      ) END AS parked_at
    FROM {{ p }}queue queue
    JOIN {{ given_queues("in_queues") }} given ON given.name_bytes = {{ binary("queue.queue") }}
    WHERE in_namespace IS NULL OR {{ same("queue.namespace", "in_namespace") }}
    ORDER BY given.place, queue.queue_id;
BEGIN
  SELECT COUNT(*)
  INTO v_names
  FROM {{ given_queues("in_queues") }} given;

  out_direct := 0;
  out_due.DELETE;
  FOR v_queue IN c_queues LOOP
    IF v_queue.place > v_place THEN
      v_names := v_names - 1;
      v_place := v_queue.place;
    END IF;
    IF v_queue.direct = 1 THEN
      out_direct := out_direct + 1;
    ELSE
      v_elsewhere := v_elsewhere + 1;
    END IF;
    IF v_queue.parked_at IS NOT NULL THEN
      out_due(out_due.COUNT + 1) := -v_queue.queue_id;
    END IF;
    IF v_queue.first_at <= v_now THEN
      out_due(out_due.COUNT + 1) := v_queue.queue_id;
    END IF;
    out_next_at := COALESCE(LEAST(out_next_at, v_queue.first_at), out_next_at, v_queue.first_at);
  END LOOP;

  -- The names that are left are those of no queue. One that is registered later has the installation's delivery.
  out_direct := out_direct + {{ default_direct }} * v_names;
  IF v_elsewhere > 0 THEN
    SELECT JSON_ARRAYAGG(name RETURNING CLOB)
    INTO out_redis
    FROM (
      SELECT queue.queue AS name
      FROM {{ p }}queue queue
      JOIN {{ given_queues("in_queues") }} given ON given.name_bytes = {{ binary("queue.queue") }}
      WHERE queue.direct = 0
        AND (in_namespace IS NULL OR {{ same("queue.namespace", "in_namespace") }})
      GROUP BY queue.queue
    ) found;
  END IF;
  v_took := {{ now }} - v_began;
  out_took := {{ in_seconds("v_took") }};
END look_for_tasks;
