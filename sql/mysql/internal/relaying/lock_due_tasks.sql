CREATE PROCEDURE {{ p }}lock_due_tasks (
  IN in_lane INT,
  IN in_until {{ instant }},
  IN in_limit INT,
  IN in_now {{ instant }},
  INOUT out_ids {{ text }},
  OUT out_found INT,
  INOUT out_expired {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: locks the first tasks of a lane that nobody else has locked; appends the ids of those that have no
  attempt left or are past their deadline to out_expired, those of the others to out_ids. out_found counts both.
  Ended tasks, those of lane 0, do not expire.
  */
  DECLARE v_ids {{ text }};
  DECLARE v_expired INT;
  DECLARE v_from {{ instant }};
  DECLARE v_candidates {{ text }};
  DECLARE v_some INT;

  SELECT MAX(first_at)
  INTO v_from
  FROM {{ p }}low_end
  WHERE lane = in_lane AND {{ valid("in_now") }};
  IF v_from IS NOT NULL THEN
    -- To lock what is dead takes twenty times as long as to pass it.
    {{ settled }} SELECT COUNT(*), MIN(due_at), JSON_ARRAYAGG(task_id)
    INTO v_some, v_from, v_candidates
    FROM (
      SELECT {{ stop_at_end }} task_id, due_at
      FROM {{ p }}task FORCE INDEX (due) /* R1 */
      WHERE lane = in_lane AND due_at BETWEEN v_from AND in_until AND attempts >= 0 /* R5 */
      ORDER BY due_at
      LIMIT in_limit
    ) AS candidate;
  END IF;
  SET v_from = COALESCE(v_from, {{ beginning_of_time }});

  IF v_some IS NULL OR v_some >= in_limit THEN
    {{ settled }} SELECT JSON_ARRAYAGG(IF(expired, -task_id, task_id)), COUNT(*), SUM(expired)
    INTO v_ids, out_found, v_expired
    FROM (
      SELECT
        task_id,
        in_lane <> 0 AND {{ expired("in_now") }} AS expired
      FROM {{ p }}task FORCE INDEX (due) /* R1 */
      WHERE lane = in_lane AND due_at BETWEEN v_from AND in_until
      ORDER BY due_at
      LIMIT in_limit
      FOR UPDATE SKIP LOCKED /* R11 */
    ) AS due;
  ELSE
    {{ settled }} SELECT JSON_ARRAYAGG(IF(expired, -task_id, task_id)), COUNT(*), SUM(expired)
    INTO v_ids, out_found, v_expired
    FROM (
      SELECT
        task.task_id,
        in_lane <> 0 AND {{ expired("in_now") }} AS expired
      FROM (
        SELECT task_id
        FROM JSON_TABLE(v_candidates, '$[*]' COLUMNS (
          place FOR ORDINALITY, task_id BIGINT PATH '$'
        )) AS candidate
        ORDER BY place
        LIMIT in_limit
      ) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
      WHERE task.lane = in_lane AND task.due_at <= in_until
      FOR UPDATE SKIP LOCKED /* R11 */
    ) AS candidate;
  END IF;

  IF v_expired > 0 THEN
    CALL {{ p }}split_expired(v_ids, out_expired);
  END IF;
  IF out_found > 0 THEN
    SET out_ids = JSON_MERGE_PRESERVE(out_ids, v_ids);
  END IF;
END
