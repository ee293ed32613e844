CREATE PROCEDURE {{ p }}check_schedule (
  IN in_schedule {{ text }},
  IN in_namespace {{ text }}
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: refuses names that no schedule can have.
  */
  {{ check_name("in_schedule", limit.schedule) }};
  {{ check_name("in_namespace", limit.namespace, or_null=true) }};
  IF {{ unreadable("in_schedule") }} OR {{ unreadable("in_namespace") }} THEN
    {{ raise("invalid_argument", "in_schedule and in_namespace must have characters of Unicode only") }};
  END IF;
END
