CREATE PROCEDURE {{ p }}advance_one (
  IN in_namespace VARCHAR({{ limit.namespace }}) {{ string }},
  IN in_schedule VARCHAR({{ limit.schedule }}) {{ string }},
  IN in_revision BIGINT,
  IN in_next_at {{ instant }},
  IN in_ticks {{ text }},
  IN in_following_at {{ instant }},
  IN in_error {{ text }},
  OUT out_created INT,
  OUT out_error {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: creates the tasks of a schedule's ticks, due at once, and moves it to its following tick, if it is due and as it
  was read; else, or if somebody has locked it, out_created is NULL. If that cannot be done, or in_error says why the ticks
  cannot be computed, the schedule is put off, and out_error says why. After a deadlock it stays due. Commits by itself.
  */
  DECLARE v_created INT DEFAULT 0;
  DECLARE v_found INT;
  DECLARE v_place INT DEFAULT 0;
  DECLARE v_due INT DEFAULT JSON_LENGTH(in_ticks);
  DECLARE v_task_id BIGINT;
  DECLARE EXIT HANDLER FOR 1213 {{ rollback }};
  DECLARE EXIT HANDLER FOR SQLEXCEPTION
  BEGIN
    GET DIAGNOSTICS CONDITION 1 out_error = MESSAGE_TEXT;
    {{ rollback }};
    CALL {{ p }}begin_work();
    CALL {{ p }}put_off_schedule(in_namespace, in_schedule, in_revision, in_next_at, out_error);
    {{ commit }};
  END;

  CALL {{ p }}begin_work();
  SELECT COUNT(*)
  INTO v_found
  FROM {{ p }}schedule
  WHERE namespace = in_namespace AND schedule = in_schedule
    AND revision = in_revision AND next_at = in_next_at AND due_at <= {{ now }}
  FOR UPDATE SKIP LOCKED /* R11 */;

  IF v_found AND in_error IS NOT NULL THEN
    SET out_error = in_error;
    CALL {{ p }}put_off_schedule(in_namespace, in_schedule, in_revision, in_next_at, in_error);
  ELSEIF v_found THEN
    WHILE v_place < v_due DO
      CALL {{ p }}create_tick(
        in_namespace, in_schedule, {{ time_of("JSON_UNQUOTE(JSON_EXTRACT(in_ticks, CONCAT('$[', v_place, ']')))") }}, FALSE, v_task_id
      );
      SET v_created = v_created + (v_task_id IS NOT NULL), v_place = v_place + 1;
    END WHILE;
    UPDATE {{ unrefused }} {{ p }}schedule
    SET next_at = in_following_at, due_at = in_following_at, last_error = NULL
    WHERE namespace = in_namespace AND schedule = in_schedule;
    SET out_created = v_created;
  END IF;
  {{ commit }};
END
