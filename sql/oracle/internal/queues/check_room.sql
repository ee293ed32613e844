PROCEDURE check_room (
  out_room IN OUT NUMBER
)
/*
Internal: refuses one more queue if that would be too many. out_room is how many more may be registered, counted
if it is NULL. Transactions that register at the same time do not see each other's, so that each may come up to
the limit.
*/
IS
BEGIN
  IF out_room IS NULL THEN
    SELECT {{ max_queues }} - COUNT(*)
    INTO out_room
    FROM {{ p }}queue
    WHERE removed_at IS NULL;
  END IF;
  IF out_room < 1 THEN
    {{ raise("too_many_queues", too_many) }};
  END IF;
  out_room := out_room - 1;
END check_room;
