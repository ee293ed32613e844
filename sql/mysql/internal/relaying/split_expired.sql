CREATE PROCEDURE {{ p }}split_expired (
  INOUT out_ids {{ text }},
  INOUT out_expired {{ text }}
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: moves the ids of tasks whose time is over, which have a minus in out_ids, to the end of out_expired.
  */
  DECLARE v_ids {{ text }};
  DECLARE v_expired {{ text }};

  {{ settled }} SELECT JSON_ARRAYAGG(task_id)
  INTO v_ids
  FROM JSON_TABLE(out_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  WHERE task_id > 0;
  {{ settled }} SELECT JSON_ARRAYAGG(-task_id)
  INTO v_expired
  FROM JSON_TABLE(out_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  WHERE task_id < 0;
  SET out_ids = COALESCE(v_ids, '[]');
  SET out_expired = JSON_MERGE_PRESERVE(out_expired, COALESCE(v_expired, '[]'));
END
