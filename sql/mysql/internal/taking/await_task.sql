CREATE PROCEDURE {{ p }}await_task (
  IN in_lanes {{ text }},
  IN in_next_at {{ instant }},
  IN in_last_id BIGINT UNSIGNED,
  IN in_rest BIGINT,
  OUT out_slept BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: sleeps until a task of in_lanes may be due, for at most in_rest microseconds: until in_next_at, or until
  one is created behind in_last_id. Between two short sleeps it looks for new tasks only, which costs next to nothing
  however many queues there are; a task that becomes due in another way is found when the rest is over.

  R35: one statement sleeps and looks many times. It sees what is not committed, too, and so needs no snapshot.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_next_at {{ instant }} DEFAULT COALESCE(in_next_at, {{ end_of_time }});
  DECLARE v_last_id BIGINT UNSIGNED DEFAULT in_last_id;
  DECLARE v_new_id BIGINT UNSIGNED;
  DECLARE v_due_at {{ instant }};
  DECLARE v_rest BIGINT;
  DECLARE v_turns INT;
  DECLARE v_seen INT;
  DECLARE v_began DATETIME(6) DEFAULT SYSDATE(6) /* R32 */;
  DECLARE v_looked DATETIME(6);

  SET out_slept = 0;
  WHILE out_slept < in_rest AND v_now < v_next_at DO
    SET v_rest = LEAST({{ take_rest }}, in_rest - out_slept, TIMESTAMPDIFF(MICROSECOND, v_now, v_next_at));
    SET v_turns = 1 + (v_rest - 1) DIV {{ take_pause }};
    SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED /* R35 */;
    SELECT COUNT(*)
    INTO v_seen
    FROM (
      SELECT turn
      FROM JSON_TABLE(CONCAT('[0', REPEAT(',0', v_turns - 1), ']'), '$[*]' COLUMNS (turn FOR ORDINALITY)) AS turns
      WHERE IF(SLEEP(v_rest DIV v_turns * 0.000001) = 0, (
        SELECT task_id
        FROM {{ p }}task FORCE INDEX (PRIMARY) /* R3 */
        WHERE turn > 0 AND task_id > v_last_id
        ORDER BY task_id DESC
        LIMIT 1
      ), NULL) IS NOT NULL
      LIMIT 1
    ) AS seen;
    {{ commit }};
    IF v_seen > 0 THEN
      CALL {{ p }}begin_work();
      SELECT MAX(task_id), MIN(IF(FIND_IN_SET(lane, in_lanes) > 0, due_at, NULL))
      INTO v_new_id, v_due_at
      FROM {{ p }}task FORCE INDEX (PRIMARY) /* R3 */
      WHERE task_id > v_last_id;
      {{ commit }};
      IF v_new_id > 0 THEN
        SET
          v_last_id = v_new_id,
          v_next_at = LEAST(v_next_at, COALESCE(v_due_at, IF(FIND_IN_SET(0, in_lanes) > 0, v_now, v_next_at)));
      END IF;
    END IF;
    -- A clock that is set meanwhile makes neither a long sleep of it nor a short one.
    SET
      v_now = {{ now }},
      v_looked = SYSDATE(6) /* R32 */,
      out_slept = out_slept + GREATEST(
        v_rest DIV v_turns, 1, LEAST(TIMESTAMPDIFF(MICROSECOND, v_began, v_looked), {{ 5 * take_rest }})
      ),
      v_began = v_looked;
  END WHILE;
END
