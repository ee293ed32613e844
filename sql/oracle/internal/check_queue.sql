PROCEDURE check_queue (
  in_queue IN VARCHAR2,
  in_namespace IN VARCHAR2
)
/*
Internal: refuses names that no queue can have.
*/
IS
BEGIN
  IF {{ no_name("in_queue", limit.queue) }} THEN
    {{ raise("invalid_argument", "in_queue must have 1 to %d characters, no blank at either end" % limit.queue) }};
  END IF;
  IF in_namespace IS NOT NULL AND ({{ no_name("in_namespace", limit.namespace) }}) THEN
    {{ raise("invalid_argument", "in_namespace must have 1 to %d characters, no blank at either end" % limit.namespace) }};
  END IF;
END check_queue;
