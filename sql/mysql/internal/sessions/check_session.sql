CREATE PROCEDURE {{ p }}check_session ()
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: refuses sessions whose settings would choose the numbers of tasks and queues, or use them up. A privilege
  is not needed for such settings, and they hold in procedures of another account, too.
  */
  IF @@insert_id <> 0 THEN
    {{ raise("invalid_argument", "insert_id is set in this session: set it to 0 before you create tasks or queues") }};
  END IF;
  IF @@auto_increment_increment > {{ limit.id_step }} THEN
    {{ raise("invalid_argument", "auto_increment_increment of this session must be 1 to %d" % limit.id_step) }};
  END IF;
END
