PROCEDURE put_off_schedule (
  in_namespace IN VARCHAR2,
  in_schedule IN VARCHAR2,
  in_revision IN NUMBER,
  in_tick_at IN TIMESTAMP,
  in_error IN VARCHAR2
)
/*
Internal: notes why a schedule could not run, and that it is due again a little later, unless it has moved or was
changed meanwhile. Others need not wait for it, nor for a lock that it has waited for.
*/
IS
BEGIN
  UPDATE {{ p }}schedule
  SET
    last_error = SUBSTR(in_error, 1, {{ limit.error }}),
    due_at = {{ now }} + {{ seconds(default.schedule_retry) }}
  WHERE {{ same("namespace", "in_namespace") }} AND {{ same("schedule", "in_schedule") }}
    AND revision = in_revision AND next_at = in_tick_at AND paused_at IS NULL;
END put_off_schedule;
