CREATE PROCEDURE {{ p }}store_batch (
  IN in_ids {{ text }},
  IN in_relay {{ text }},
  IN in_lease BIGINT,
  IN in_now {{ instant }},
  OUT out_batch_id BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: claims tasks as a batch of a relay. The caller has locked them.
  */
  SET out_batch_id = {{ new_batch_id }};
  {{ settled }} UPDATE JSON_TABLE(in_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  SET
    task.lane = task.queue_id,
    task.batch_id = out_batch_id,
    task.ended_at = in_now,
    task.due_at = LEAST(in_now + INTERVAL task.interval_seconds SECOND, task.deadline_at);
  INSERT INTO {{ p }}batch (batch_id, relay, claimed_at, lapses_at, task_ids)
  VALUES (out_batch_id, in_relay, in_now, in_now + INTERVAL in_lease SECOND, in_ids);
END
