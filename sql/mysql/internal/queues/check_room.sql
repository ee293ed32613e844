CREATE PROCEDURE {{ p }}check_room (
  IN in_new INT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: refuses so many more queues if that would be too many. Transactions that register at the same time
  do not see each other's, so that each may come up to the limit.
  */
  DECLARE v_queues INT;

  SELECT COUNT(*)
  INTO v_queues
  FROM {{ p }}queue
  WHERE removed_at IS NULL;
  IF v_queues + in_new > {{ max_queues }} THEN
    {{ raise("too_many_queues", too_many) }};
  END IF;
END
