PROCEDURE check_task (
  in_label IN VARCHAR2,
  in_name IN VARCHAR2,
  in_payload IN CLOB,
  in_interval IN NUMBER,
  in_queue IN VARCHAR2
)
/*
Internal: raises what create_task, delay_task and create_tasks do not allow. in_label begins the errors' texts.
*/
IS
BEGIN
  IF {{ no_name("in_name", limit.name) }} THEN
    {{ raise("invalid_argument", "name " ~ name_rule(limit.name), "in_label || ") }};
  END IF;
  IF {{ no_name("in_queue", limit.queue) }} THEN
    {{ raise("invalid_argument", "queue " ~ name_rule(limit.queue), "in_label || ") }};
  END IF;
  IF in_interval IS NULL OR {{ no_integer("in_interval", 1, limit.seconds) }} THEN
    {{ raise("invalid_argument", "interval must be a whole number, 1 to %d (seconds)" % limit.seconds, "in_label || ") }};
  END IF;
  check_payload(in_label, in_payload);
END check_task;
