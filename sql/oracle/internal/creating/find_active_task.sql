PROCEDURE find_active_task (
  in_order_no IN VARCHAR2,
  in_name IN VARCHAR2,
  in_queue_id IN NUMBER,
  out_task_id OUT NUMBER
)
/*
Internal: the active task with an order number, which stays active until the caller's transaction ends.
*/
IS
BEGIN
  SELECT task_id
  INTO out_task_id
  FROM {{ p }}task
  WHERE {{ same("order_key", "in_order_no") }}
    AND {{ same("order_name", "in_name") }}
    AND order_queue_id = in_queue_id
    AND active = 1
  FOR UPDATE; /* O7 */
EXCEPTION
  WHEN NO_DATA_FOUND THEN
    out_task_id := NULL;
END find_active_task;
