PROCEDURE check_schedule (
  in_schedule IN VARCHAR2,
  in_namespace IN VARCHAR2
)
/*
Internal: refuses names that no schedule can have.
*/
IS
BEGIN
  {{ check_name("in_schedule", limit.schedule) }};
  {{ check_name("in_namespace", limit.namespace, or_null=true) }};
END check_schedule;
