CREATE PROCEDURE {{ p }}await_task (
  IN in_lanes LONGTEXT,
  IN in_next_at {{ instant }},
  IN in_last_id BIGINT UNSIGNED,
  IN in_rest BIGINT,
  OUT out_last_id BIGINT UNSIGNED,
  OUT out_slept BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: sleeps until a task of in_lanes may be due, for at most in_rest microseconds: until in_next_at, or until
  one is created behind in_last_id. Between two short sleeps it looks at new tasks only, which costs next to nothing
  however many queues there are; a task that becomes due in another way is found when the rest is over.
  */
  DECLARE v_now {{ instant }};
  DECLARE v_next_at {{ instant }} DEFAULT COALESCE(in_next_at, {{ end_of_time }});
  DECLARE v_new_id BIGINT UNSIGNED;
  DECLARE v_due_at {{ instant }};
  DECLARE v_pause BIGINT;
  DECLARE v_began DATETIME(6) DEFAULT SYSDATE(6) /* R32 */;
  DECLARE v_looked DATETIME(6);

  SET out_last_id = in_last_id, out_slept = 0, v_now = {{ now }};
  WHILE out_slept < in_rest AND v_now < v_next_at DO
    SET v_pause = LEAST({{ take_pause }}, in_rest - out_slept, TIMESTAMPDIFF(MICROSECOND, v_now, v_next_at));
    DO SLEEP(v_pause / 1000000);
    SELECT MAX(task_id), MIN(IF(FIND_IN_SET(lane, in_lanes) > 0, due_at, NULL))
    INTO v_new_id, v_due_at
    FROM {{ p }}task FORCE INDEX (PRIMARY) /* R3 */
    WHERE task_id > out_last_id;
    IF NOT @@autocommit THEN
      {{ commit }};
    END IF;
    IF v_new_id > 0 THEN
      SET
        out_last_id = v_new_id,
        v_next_at = LEAST(v_next_at, COALESCE(v_due_at, IF(FIND_IN_SET(0, in_lanes) > 0, v_now, v_next_at)));
    END IF;
    -- A clock that is set meanwhile makes neither a long sleep of it nor a short one.
    SET
      v_now = {{ now }},
      v_looked = SYSDATE(6) /* R32 */,
      out_slept = out_slept + GREATEST(v_pause, 1, LEAST(TIMESTAMPDIFF(MICROSECOND, v_began, v_looked), {{ 25 * take_pause }})),
      v_began = v_looked;
  END WHILE;
END
