CREATE PROCEDURE {{ p }}start_lapsed (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  IN in_now {{ instant }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: starts a task whose last attempt has not ended, which goes into the history, or raises why it cannot be started.
  */
  DECLARE v_now {{ instant }} DEFAULT in_now;
  DECLARE v_own_transaction TINYINT DEFAULT FALSE;
  {{ roll_back_own }};

  CALL {{ p }}find_own_transaction(v_own_transaction);
  IF v_own_transaction THEN
    START TRANSACTION;
  END IF;
  UPDATE {{ p }}task
  SET
    {{ started("LAST_INSERT_ID(attempts + 1)", "0") }} /* R21 */
  WHERE task_id = in_task_id
    AND {{ can_be_started("in_attempt") }};

  IF ROW_COUNT() = 0 THEN
    CALL {{ p }}refuse_start(in_task_id, in_attempt, v_now);
  END IF;
  CALL {{ p }}keep_lapsed(CONCAT('[', in_task_id, ']'), 0, v_now);
  {{ commit_own }};
END
