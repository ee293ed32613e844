PROCEDURE store_task (
  in_name IN VARCHAR2,
  in_payload IN CLOB,
  in_delay IN NUMBER,
  in_interval_seconds IN NUMBER,
  in_queue_id IN NUMBER,
  in_direct IN NUMBER,
  in_order_no IN VARCHAR2,
  in_deadline IN NUMBER,
  in_delete_deadline IN NUMBER,
  in_max_count IN NUMBER,
  in_on_failure IN VARCHAR2,
  out_task_id OUT NUMBER,
  out_created OUT NUMBER
)
/*
Internal: stores one task, or finds the active one with its order number.

The unique index decides between creating and finding, so no two callers can both create; if the
duplicate ends between the two steps, they are taken again, but not for ever.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_races PLS_INTEGER := 0;
BEGIN
  out_created := 0;
  WHILE out_task_id IS NULL LOOP
    BEGIN
      INSERT INTO {{ p }}task (
        {{ new_task_columns }}
      )
      VALUES (
        {{ new_task_values("in_") }}
      )
      RETURNING task_id INTO out_task_id;
      out_created := 1;
    EXCEPTION
      WHEN DUP_VAL_ON_INDEX THEN
        v_races := v_races + 1;
        IF in_order_no IS NULL OR v_races > {{ limit.races }} OR ({{ is_other_index }}) THEN
          RAISE;
        END IF;
        find_active_task(in_order_no, in_name, in_queue_id, out_task_id);
    END;
  END LOOP;
END store_task;
