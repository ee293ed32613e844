PROCEDURE add_missing (
  in_label IN VARCHAR2,
  in_namespace IN VARCHAR2,
  in_queue IN VARCHAR2,
  out_missing IN OUT NOCOPY CLOB
)
/*
Internal: adds a queue to those that find_queues is to register, if it may be. in_label begins the error's text.
*/
IS
BEGIN
  IF NOT ({{ is_allowed("in_queue") }}) THEN
    {{ raise("queue_not_allowed", not_allowed, "in_label || ") }};
  END IF;
  SELECT out_missing || CASE WHEN out_missing IS NOT NULL THEN ',' END
    || JSON_OBJECT('namespace' VALUE in_namespace, 'queue' VALUE in_queue)
  INTO out_missing
  FROM dual;
END add_missing;
