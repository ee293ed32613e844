CREATE PROCEDURE {{ p }}forget_zeros (
  IN in_batch_id BIGINT,
  OUT out_zeros INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: takes back the tasks of a bulk call that were numbered from 0 on, as forget_zero does with one: their
  numbers may have been others' before.
  */
  SELECT COUNT(*)
  INTO out_zeros
  FROM {{ p }}task
  WHERE task_id = 0 AND batch_id IN (in_batch_id, in_batch_id - 1);
  IF out_zeros > 0 THEN
    DELETE {{ unrefused }} FROM {{ p }}task /* R24 */
    WHERE task_id BETWEEN 0 AND {{ limit.rows }} AND batch_id IN (in_batch_id, in_batch_id - 1);
  END IF;
END
