CREATE PROCEDURE {{ p }}purge_tasks (
  IN in_limit BIGINT,
  OUT out_deleted INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Deletes terminal tasks whose delete time has come, in one short transaction. Call it until it deletes
  fewer than it may. A task that a foreign key or a trigger keeps is tried again {{ default.purge_retry }} s later.

  Parameters
    in_limit      most tasks to delete, 1 to {{ limit.rows }}
  Result
    out_deleted   how many were deleted
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  DECLARE v_now {{ instant }};
  DECLARE v_rounds INT DEFAULT 0;
  DECLARE v_ids {{ text }};
  DECLARE v_found INT;
  DECLARE v_deleted INT;
  DECLARE v_expired {{ text }} DEFAULT '[]';
  DECLARE v_due TINYINT;

  {{ check_integer("in_limit", 1, limit.rows) }};

  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    CALL {{ p }}find_low_end(0, v_due);
    {{ commit }};
    CALL {{ p }}begin_work();
    SET v_now = {{ now }}, out_deleted = 0;
    REPEAT
      SET v_rounds = v_rounds + 1, v_ids = '[]', v_deleted = 0;
      CALL {{ p }}lock_due_tasks(0, v_now, in_limit - out_deleted, v_now, v_ids, v_found, v_expired);
      IF v_found > 0 THEN
        CALL {{ p }}delete_ended(v_ids, v_now, v_deleted);
      END IF;
      SET out_deleted = out_deleted + v_deleted;
    UNTIL v_deleted = v_found OR v_rounds = {{ default.purge_rounds }} END REPEAT;
    IF out_deleted < in_limit THEN
      CALL {{ p }}keep_used();
    END IF;
    {{ commit }};
  END;
  SELECT out_deleted AS deleted;
END
