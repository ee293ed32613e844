PROCEDURE advance_one (
  in_namespace IN VARCHAR2,
  in_schedule IN VARCHAR2,
  in_revision IN NUMBER,
  in_next_at IN TIMESTAMP,
  in_ticks IN CLOB,
  in_following_at IN TIMESTAMP,
  in_error IN VARCHAR2,
  out_created OUT NUMBER,
  out_error OUT VARCHAR2
)
/*
Internal: creates the tasks of a schedule's ticks, due at once, and moves it to its following tick, if it is due and as it
was read; else, or if somebody has locked it, out_created is NULL. If that cannot be done, or in_error says why the ticks
cannot be computed, the schedule is put off, and out_error says why. After a deadlock it stays due.
*/
IS
  v_tick_at {{ instant }};
  v_revision NUMBER;
  v_created NUMBER := 0;
  v_task_id NUMBER;
  CURSOR c_ticks IS
    SELECT place, tick
    FROM {{ ticks_of("in_ticks") }}
    ORDER BY place;
  CURSOR c_due IS
    SELECT revision
    FROM {{ p }}schedule
    WHERE {{ same("namespace", "in_namespace") }} AND {{ same("schedule", "in_schedule") }}
      AND revision = in_revision AND next_at = in_next_at AND due_at <= {{ now }}
    FOR UPDATE SKIP LOCKED; /* O1 */
BEGIN
  SAVEPOINT {{ p }}advance_one; /* O6 */
  OPEN c_due;
  FETCH c_due INTO v_revision;
  CLOSE c_due;

  IF v_revision IS NOT NULL AND in_error IS NOT NULL THEN
    out_error := in_error;
    put_off_schedule(in_namespace, in_schedule, in_revision, in_next_at, in_error);
  ELSIF v_revision IS NOT NULL THEN
    FOR v_given IN c_ticks LOOP
      read_tick(v_given.tick, v_tick_at);
      create_tick(in_namespace, in_schedule, v_tick_at, 0, v_task_id);
      v_created := v_created + CASE WHEN v_task_id IS NULL THEN 0 ELSE 1 END;
    END LOOP;
    UPDATE {{ p }}schedule
    SET next_at = in_following_at, due_at = in_following_at, last_error = NULL
    WHERE {{ same("namespace", "in_namespace") }} AND {{ same("schedule", "in_schedule") }};
    out_created := v_created;
  END IF;
EXCEPTION
  WHEN OTHERS THEN
    ROLLBACK TO {{ p }}advance_one;
    IF SQLCODE <> -60 THEN
      out_error := SQLERRM;
      put_off_schedule(in_namespace, in_schedule, in_revision, in_next_at, out_error);
    END IF;
END advance_one;
