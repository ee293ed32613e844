PROCEDURE keep_received (
  in_tasks IN CLOB,
  out_ids OUT NOCOPY ids,
  out_attempts OUT NOCOPY ids,
  out_wrong OUT NOCOPY CLOB
)
/*
Internal: reads the argument of receive_tasks as read_tasks does, without those elements whose task belongs to another
queue, which out_wrong tells, or is gone, and those that would make the answer too large.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_bad NUMBER;
  v_places ids;
BEGIN
  read_tasks(in_tasks, out_ids, out_attempts);
  SELECT COUNT(*)
  INTO v_bad
  FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (queue VARCHAR2({{ limit.queue }} CHAR) PATH '$.queue'))
  WHERE queue IS NULL;
  IF v_bad > 0 THEN
    {{ raise("invalid_argument", "in_tasks: queue of each element must be a text of 1 to %d characters" % limit.queue) }};
  END IF;

  SELECT given.place
  BULK COLLECT INTO v_places
  FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    task_id NUMBER PATH '$."task_id"',
    queue VARCHAR2({{ limit.queue }} CHAR) PATH '$.queue'
  )) given
  JOIN {{ p }}task task ON task.task_id = given.task_id
  JOIN {{ p }}queue queue ON queue.queue_id = task.queue_id
  WHERE NOT ({{ same("queue.queue", "given.queue") }});
  IF v_places.COUNT > 0 THEN
    out_wrong := json_array_of(v_places);
  END IF;

  SELECT task_id, attempt
  BULK COLLECT INTO out_ids, out_attempts
  FROM (
    SELECT
      given.task_id, given.attempt,
      SUM(CASE WHEN {{ can_be_started("given.attempt") }} THEN DBMS_LOB.GETLENGTH(task.payload) ELSE 0 END) OVER (
        ORDER BY given.task_id, given.attempt ROWS UNBOUNDED PRECEDING
      ) AS length_so_far
    FROM (
      SELECT DISTINCT task_id, attempt, queue
      FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
        task_id NUMBER PATH '$."task_id"',
        attempt NUMBER PATH '$."attempt"',
        queue VARCHAR2({{ limit.queue }} CHAR) PATH '$.queue'
      ))
    ) given
    JOIN {{ p }}task task ON task.task_id = given.task_id
    JOIN {{ p }}queue queue ON queue.queue_id = task.queue_id AND {{ same("queue.queue", "given.queue") }}
  )
  WHERE length_so_far <= {{ limit.receive_bytes }}
  ORDER BY task_id, attempt;
END keep_received;
