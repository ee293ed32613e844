PROCEDURE check_options (
  in_label IN VARCHAR2,
  in_namespace IN VARCHAR2,
  in_order_no IN VARCHAR2,
  in_deadline IN NUMBER,
  in_delete_deadline IN NUMBER,
  in_max_count IN NUMBER,
  in_on_failure IN VARCHAR2
)
/*
Internal: raises which option of a new task is not allowed; one that is NULL has its default.
*/
IS
BEGIN
  IF in_namespace IS NOT NULL AND ({{ no_name("in_namespace", limit.namespace) }}) THEN
    {{ raise("invalid_argument", "namespace " ~ name_rule(limit.namespace), "in_label || ") }};
  END IF;
  IF in_order_no IS NOT NULL AND ({{ no_name("in_order_no", limit.order_no) }}) THEN
    {{ raise("invalid_argument", "order_no " ~ name_rule(limit.order_no, "be a string of"), "in_label || ") }};
  END IF;
  IF {{ no_integer("in_deadline", 1, limit.seconds) }} THEN
    {{ raise("invalid_argument", "deadline must be a whole number, 1 to %d (seconds)" % limit.seconds, "in_label || ") }};
  END IF;
  IF {{ no_integer("in_delete_deadline", 0, limit.seconds) }} THEN
    {{ raise("invalid_argument", "delete_deadline must be a whole number, 0 to %d (seconds)" % limit.seconds, "in_label || ") }};
  END IF;
  IF {{ no_integer("in_max_count", 1, limit.max_count) }} THEN
    {{ raise("invalid_argument", "max_count must be a whole number, 1 to %d" % limit.max_count, "in_label || ") }};
  END IF;
  IF in_on_failure IS NOT NULL AND ({{ no_name("in_on_failure", limit.queue) }}) THEN
    {{ raise("invalid_argument", "on_failure " ~ name_rule(limit.queue, "be a string of"), "in_label || ") }};
  END IF;
END check_options;
