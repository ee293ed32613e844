CREATE PROCEDURE {{ p }}lock_claim (
  IN in_lane INT,
  IN in_until {{ instant }},
  IN in_limit INT,
  IN in_bytes INT,
  IN in_now {{ instant }},
  INOUT out_ids {{ text }},
  OUT out_found INT,
  INOUT out_bytes_left INT,
  INOUT out_full TINYINT,
  INOUT out_expired {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: as lock_due_tasks, for tasks to claim: their payloads have at most in_bytes together, or are a
  single one, and no more than out_bytes_left. out_full becomes true when a bound was met, so that more may be due.
  */
  DECLARE v_ids {{ text }};
  DECLARE v_expired INT;
  DECLARE v_known INT;
  DECLARE v_locked INT;
  DECLARE v_living INT;
  DECLARE v_kept INT;
  DECLARE v_most INT DEFAULT LEAST(in_bytes, out_bytes_left);
  DECLARE v_bytes INT;

  SELECT COUNT(*)
  INTO v_known
  FROM {{ p }}low_end
  WHERE lane = in_lane AND {{ valid("in_now") }};

  IF v_known = 0 THEN
    {{ settled }} SELECT JSON_ARRAYAGG(IF(expired, -task_id, task_id)), COUNT(*), SUM(expired), SUM(IF(expired, 0, bytes))
    INTO v_ids, v_locked, v_expired, v_bytes
    FROM (
      SELECT
        task_id,
        {{ expired("in_now") }} AS expired,
        OCTET_LENGTH(payload) AS bytes
      FROM {{ p }}task FORCE INDEX (due) /* R1 */
      WHERE lane = in_lane AND due_at BETWEEN {{ beginning_of_time }} AND in_until
      ORDER BY due_at
      LIMIT in_limit
      FOR UPDATE SKIP LOCKED /* R11 */
    ) AS due;
    IF v_expired > 0 THEN
      CALL {{ p }}split_expired(v_ids, out_expired);
    END IF;
  ELSE
    SET v_ids = '[]';
    CALL {{ p }}lock_due_tasks(in_lane, in_until, in_limit, in_now, v_ids, v_locked, out_expired);
  END IF;
  SET out_found = v_locked;

  IF v_locked > 0 AND (v_known > 0 OR v_bytes > v_most) THEN
    SET v_living = JSON_LENGTH(v_ids);
    {{ settled }} SELECT COALESCE(JSON_ARRAYAGG(task_id), '[]'), COUNT(*), COALESCE(MAX(bytes_so_far), 0)
    INTO v_ids, v_kept, v_bytes
    FROM (
      SELECT task_id, bytes_so_far
      FROM (
        SELECT
          place, task_id, bytes,
          SUM(bytes) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) AS bytes_so_far
        FROM (
          SELECT given.place, given.task_id, OCTET_LENGTH(task.payload) AS bytes
          FROM JSON_TABLE(v_ids, '$[*]' COLUMNS (
            place FOR ORDINALITY, task_id BIGINT PATH '$'
          )) AS given
          STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
        ) AS locked
      ) AS measured
      WHERE bytes_so_far <= IF(bytes_so_far = bytes, out_bytes_left, v_most)
      ORDER BY place
      LIMIT in_limit
    ) AS kept;
    SET out_found = v_locked - v_living + v_kept;
  END IF;

  IF v_locked >= in_limit OR out_found < v_locked THEN
    SET out_full = TRUE;
  END IF;
  IF out_found > 0 THEN
    SET out_ids = JSON_MERGE_PRESERVE(out_ids, v_ids);
    SET out_bytes_left = out_bytes_left - v_bytes;
  END IF;
END
