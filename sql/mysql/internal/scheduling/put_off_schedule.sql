CREATE PROCEDURE {{ p }}put_off_schedule (
  IN in_namespace VARCHAR({{ limit.namespace }}) {{ string }},
  IN in_schedule VARCHAR({{ limit.schedule }}) {{ string }},
  IN in_revision BIGINT,
  IN in_tick_at {{ instant }},
  IN in_error {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: notes why a schedule could not run, and that it is due again a little later, unless it has moved or was
  changed meanwhile. Others need not wait for it, nor for a lock that it has waited for.
  */
  UPDATE {{ unrefused }} {{ p }}schedule
  SET
    last_error = LEFT(in_error, {{ limit.error }}),
    due_at = {{ now }} + INTERVAL {{ default.schedule_retry }} SECOND
  WHERE namespace = in_namespace AND schedule = in_schedule
    AND revision = in_revision AND next_at = in_tick_at AND paused_at IS NULL;
END
