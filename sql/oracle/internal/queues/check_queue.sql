PROCEDURE check_queue (
  in_queue IN VARCHAR2,
  in_namespace IN VARCHAR2
)
/*
Internal: refuses names that no queue can have.
*/
IS
BEGIN
  {{ check_name("in_queue", limit.queue) }};
  {{ check_name("in_namespace", limit.namespace, or_null=true) }};
END check_queue;
