PROCEDURE check_room (
  in_new IN NUMBER
)
/*
Internal: refuses so many more queues if that would be too many. Transactions that register at the same time
do not see each other's, so that each may come up to the limit.
*/
IS
  v_queues NUMBER;
BEGIN
  SELECT COUNT(*)
  INTO v_queues
  FROM {{ p }}queue
  WHERE removed_at IS NULL;
  IF v_queues + in_new > {{ max_queues }} THEN
    {{ raise("too_many_queues", too_many) }};
  END IF;
END check_room;
