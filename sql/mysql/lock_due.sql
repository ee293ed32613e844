CREATE PROCEDURE {{ p }}lock_due (
  IN in_lane INT,
  IN in_until {{ instant }},
  IN in_limit INT,
  IN in_now {{ instant }},
  INOUT out_ids {{ text }},
  OUT out_found INT,
  INOUT out_expired INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: locks the first tasks of a lane that nobody else has locked and appends their ids to out_ids;
  adds to out_expired how many of them have no attempt left or are past their deadline.
  */
  DECLARE v_ids {{ text }};
  DECLARE v_expired INT;

  SELECT JSON_ARRAYAGG(task_id), COUNT(*), SUM(expired)
  INTO v_ids, out_found, v_expired
  FROM (
    SELECT
      task_id,
      {{ expired("in_now") }} AS expired
    FROM {{ p }}task FORCE INDEX (due)
    WHERE lane = in_lane AND due_at <= in_until
    ORDER BY due_at
    LIMIT in_limit
    FOR UPDATE SKIP LOCKED
  ) AS due;

  IF out_found > 0 THEN
    SET out_ids = JSON_MERGE_PRESERVE(out_ids, v_ids);
    SET out_expired = out_expired + v_expired;
  END IF;
END
