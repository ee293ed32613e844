CREATE PROCEDURE {{ p }}lock_schedule (
  IN in_schedule {{ text }},
  IN in_namespace {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: locks a schedule until the transaction ends, or raises that there is none.
  */
  DECLARE v_found INT;

  CALL {{ p }}check_schedule(in_schedule, in_namespace);
  SELECT COUNT(*)
  INTO v_found
  FROM {{ p }}schedule
  WHERE namespace = COALESCE(in_namespace, '{{ default.namespace }}') AND schedule = in_schedule
  FOR UPDATE /* R16 */;
  IF v_found = 0 THEN
    {{ raise("schedule_not_found", "there is no schedule of this in_schedule in this in_namespace") }};
  END IF;
END
