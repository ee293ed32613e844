PROCEDURE lock_namesakes (
  in_tasks IN new_tasks
)
{%- if spec %};
/*
Internal: locks the active tasks that have the order numbers of new ones, in the order of their ids, as start_tasks
and finish_tasks do.
*/
{%- else %}
IS
  v_row created_task;
  v_found created_tasks;
  v_locked ids;
BEGIN
  FOR i IN 1 .. in_tasks.COUNT LOOP
    SELECT MAX(task_id)
    INTO v_row.task_id
    FROM {{ p }}task
    WHERE order_key = in_tasks(i).order_no
      AND order_name = in_tasks(i).name
      AND order_queue_id = in_tasks(i).queue_id
      AND active = 1;
    v_found(i) := v_row;
  END LOOP;

  SELECT task_id
  BULK COLLECT INTO v_locked
  FROM {{ p }}task
  WHERE task_id IN (SELECT /*+ CARDINALITY(found 100) */ found.task_id FROM TABLE(v_found) found)
  ORDER BY task_id
  FOR UPDATE;
END lock_namesakes;
{%- endif %}
