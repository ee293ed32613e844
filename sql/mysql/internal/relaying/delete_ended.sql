CREATE PROCEDURE {{ p }}delete_ended (
  IN in_ids {{ text }},
  IN in_now {{ instant }},
  OUT out_deleted INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: deletes terminal tasks, and the history of their attempts. One that a foreign key or a trigger keeps is put off, so that the others go and the
  next purge does not meet it first.
  */
  DECLARE v_rest {{ text }} DEFAULT SUBSTR(in_ids, 2, CHAR_LENGTH(in_ids) - 2);
  DECLARE v_some INT DEFAULT {{ limit.rows }};
  DECLARE v_piece {{ text }};
  DECLARE v_task_id BIGINT;
  DECLARE v_refused TINYINT;

  SET out_deleted = 0;
  -- Each turn shortens the list, or is the next one with fewer of it.
  WHILE v_rest <> '' DO
    SET v_piece = SUBSTRING_INDEX(v_rest, ',', v_some), v_refused = FALSE;
    BEGIN
      DECLARE EXIT HANDLER FOR SQLSTATE '23000', SQLSTATE '45000' SET v_refused = TRUE /* R33 */;
      {{ settled }} DELETE task
      FROM JSON_TABLE(CONCAT('[', v_piece, ']'), '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id;
      SET out_deleted = out_deleted + ROW_COUNT();
    END;

    IF v_refused AND v_some > 1 THEN
      SET v_some = v_some DIV 10;
    ELSE
      IF v_refused THEN
        SET v_task_id = v_piece;
        BEGIN
          -- One that refuses this, too, stays the first.
          DECLARE EXIT HANDLER FOR SQLSTATE '23000', SQLSTATE '45000'
          BEGIN
          END;
          UPDATE {{ p }}task
          SET due_at = in_now + INTERVAL {{ default.purge_retry }} SECOND
          WHERE task_id = v_task_id;
        END;
      ELSE
        {{ settled }} DELETE attempt
        FROM JSON_TABLE(CONCAT('[', v_piece, ']'), '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
        STRAIGHT_JOIN {{ p }}attempt AS attempt FORCE INDEX (PRIMARY) /* R3 */ ON attempt.task_id = given.task_id;
        SET v_some = LEAST(10 * v_some, {{ limit.rows }});
      END IF;
      SET v_rest = SUBSTR(v_rest, CHAR_LENGTH(v_piece) + 2);
    END IF;
  END WHILE;
END
