CREATE PROCEDURE {{ p }}check_queue (
  IN in_queue {{ text }},
  IN in_namespace {{ text }}
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: refuses names that no queue can have.
  */
  {{ check_name("in_queue", limit.queue) }};
  {{ check_name("in_namespace", limit.namespace, or_null=true) }};
  IF {{ unreadable("in_queue") }} OR {{ unreadable("in_namespace") }} THEN
    {{ raise("invalid_argument", "in_queue and in_namespace must have characters of Unicode only") }};
  END IF;
END
