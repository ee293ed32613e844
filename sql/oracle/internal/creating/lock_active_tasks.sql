PROCEDURE lock_active_tasks (
  in_tasks IN new_tasks
)
/*
Internal: locks the active tasks that have the order numbers of new ones, in the order of their ids, as start_tasks
and finish_tasks do.
*/
IS
  v_task_id NUMBER;
  v_found SYS.ODCINUMBERLIST := SYS.ODCINUMBERLIST();
  v_locked ids;
BEGIN
  FOR i IN 1 .. in_tasks.COUNT LOOP
    SELECT MAX(task_id)
    INTO v_task_id
    FROM {{ p }}task
    WHERE {{ same("order_key", "in_tasks(i).order_no") }}
      AND {{ same("order_name", "in_tasks(i).name") }}
      AND order_queue_id = in_tasks(i).queue_id
      AND active = 1;
    v_found.EXTEND;
    v_found(v_found.COUNT) := v_task_id;
  END LOOP;

  SELECT task_id
  BULK COLLECT INTO v_locked
  FROM {{ p }}task
  WHERE task_id IN (SELECT /*+ CARDINALITY(found 100) */ /* O3 */ found.COLUMN_VALUE FROM TABLE(v_found) found)
  ORDER BY task_id
  FOR UPDATE; /* O7 */
END lock_active_tasks;
