CREATE PROCEDURE {{ p }}start_due_tasks (
  IN in_due LONGBLOB,
  IN in_limit INT,
  IN in_batch_id BIGINT,
  OUT out_started {{ text }},
  OUT out_expired INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: locks due tasks of the queues of in_due, which look_for_tasks has made, in their order; fails those that are
  started no more and starts the others, in one transaction.
  */
  DECLARE v_now {{ instant }};
  DECLARE v_place INT DEFAULT 0;
  DECLARE v_lane INT;
  DECLARE v_left INT DEFAULT LEAST(in_limit, {{ claim_rows }});
  DECLARE v_bytes_left INT DEFAULT {{ limit.claim_bytes }};
  DECLARE v_some INT;
  DECLARE v_full TINYINT DEFAULT FALSE;
  DECLARE v_expired {{ text }} DEFAULT '[]';
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();
  DECLARE v_lapsed INT;

  CALL {{ p }}begin_work();
  SET v_now = {{ now }}, out_started = '[]';
  WHILE v_place < LENGTH(in_due) AND NOT v_full DO
    SET v_lane = SUBSTR(in_due, v_place + 1, 10);
    IF SUBSTR(in_due, v_place + 12, 1) THEN
      CALL {{ p }}lock_claim(
        -v_lane, {{ end_of_time }}, v_left, v_bytes_left, v_now, out_started, v_some, v_bytes_left, v_full, v_expired
      );
      SET v_left = v_left - v_some;
    END IF;
    IF SUBSTR(in_due, v_place + 11, 1) AND NOT v_full THEN
      CALL {{ p }}lock_claim(
        v_lane, v_now, v_left, v_bytes_left, v_now, out_started, v_some, v_bytes_left, v_full, v_expired
      );
      SET v_left = v_left - v_some;
    END IF;
    SET v_place = v_place + {{ lane_width }};
  END WHILE;

  SET out_expired = JSON_LENGTH(v_expired);
  IF out_expired > 0 THEN
    CALL {{ p }}fail_expired(v_expired, v_now);
  END IF;
  IF out_started <> '[]' THEN
    SET v_lapsed = LAST_INSERT_ID(0) /* R21 */;
    {{ settled }} UPDATE JSON_TABLE(out_started, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
    STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
    SET
      {{ started("task.attempts + 1", "in_batch_id", "task.") }};
    SET v_lapsed = LAST_INSERT_ID(), v_last_insert_id = LAST_INSERT_ID(v_last_insert_id) /* R21 */;
    IF v_lapsed > 0 THEN
      CALL {{ p }}keep_lapsed(out_started, in_batch_id, v_now);
    END IF;
  END IF;
  {{ commit }};
END
