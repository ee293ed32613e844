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
  IF in_queue IS NULL OR CHAR_LENGTH(in_queue) NOT BETWEEN 1 AND {{ limit.queue }}
    OR ' ' IN (LEFT(in_queue, 1), RIGHT(in_queue, 1)) THEN
    {{ raise("invalid_argument", "in_queue must have 1 to %d characters, no blank at either end" % limit.queue) }};
  END IF;
  IF CHAR_LENGTH(in_namespace) NOT BETWEEN 1 AND {{ limit.namespace }}
    OR ' ' IN (LEFT(in_namespace, 1), RIGHT(in_namespace, 1)) THEN
    {{ raise("invalid_argument", "in_namespace must have 1 to %d characters, no blank at either end" % limit.namespace) }};
  END IF;
  IF {{ unreadable("in_queue") }} OR {{ unreadable("in_namespace") }} THEN
    {{ raise("invalid_argument", "in_queue and in_namespace must have characters of Unicode only") }};
  END IF;
END
