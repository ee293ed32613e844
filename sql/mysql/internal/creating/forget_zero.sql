CREATE PROCEDURE {{ p }}forget_zero (
  INOUT out_task_id BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: takes back a task that was stored as number 0; out_task_id is NULL then. The session has insert_id = 0,
  which MySQL cannot tell from none: it holds for one INSERT, of which LAST_INSERT_ID() knows nothing.
  */
  DELETE {{ unrefused }} FROM {{ p }}task /* R24 */
  WHERE task_id = 0;
  IF ROW_COUNT() > 0 THEN
    SET out_task_id = NULL;
  END IF;
END
