CREATE PROCEDURE {{ p }}find_first (
  IN in_lane INT,
  IN in_from {{ instant }},
  IN in_until {{ instant }},
  OUT out_first_at {{ instant }},
  OUT out_took BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: the first due_at of a lane, of the whole lane if in_from is NULL, and how many microseconds
  it took to find it.
  */
  DECLARE v_began DATETIME(6) DEFAULT SYSDATE(6) /* R32 */;
  DECLARE v_from {{ instant }} DEFAULT COALESCE(in_from, {{ beginning_of_time }});
  DECLARE v_until {{ instant }} DEFAULT IF(in_from IS NULL, {{ end_of_time }}, in_until);

  SELECT MIN(due_at)
  INTO out_first_at
  FROM (
    SELECT {{ stop_at_end }} due_at
    FROM {{ p }}task FORCE INDEX (due) /* R2 */
    WHERE lane = in_lane AND due_at BETWEEN v_from AND v_until AND attempts >= 0 /* R5 */
    ORDER BY due_at
    LIMIT 1
  ) AS found;
  SET out_took = TIMESTAMPDIFF(MICROSECOND, v_began, SYSDATE(6)) /* R32 */;
END
