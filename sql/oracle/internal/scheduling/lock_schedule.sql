PROCEDURE lock_schedule (
  in_schedule IN VARCHAR2,
  in_namespace IN VARCHAR2
)
/*
Internal: locks a schedule until the transaction ends, or raises that there is none.
*/
IS
  v_namespace VARCHAR2(32767) := COALESCE(in_namespace, '{{ default.namespace }}');
  v_revision NUMBER;
BEGIN
  check_schedule(in_schedule, in_namespace);
  SELECT revision
  INTO v_revision
  FROM {{ p }}schedule
  WHERE {{ same("namespace", "v_namespace") }} AND {{ same("schedule", "in_schedule") }}
  FOR UPDATE; /* O7 */
EXCEPTION
  WHEN NO_DATA_FOUND THEN
    {{ raise("schedule_not_found", "there is no schedule of this in_schedule in this in_namespace") }};
END lock_schedule;
