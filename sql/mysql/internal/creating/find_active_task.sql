CREATE PROCEDURE {{ p }}find_active_task (
  IN in_order_no VARCHAR({{ limit.order_no }}) {{ string }},
  IN in_name VARCHAR({{ limit.name }}) {{ string }},
  IN in_queue_id INT,
  IN in_own_transaction TINYINT,
  OUT out_task_id BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: the active task with an order number, which stays active until the caller's transaction ends. If the
  call is its own transaction (in_own_transaction), a plain read suffices.

  Reads and locks the entry of the unique key only. A call that ends a task locks the row first and the entry then;
  to lock the row from here would be the other way round, and a deadlock. MariaDB does lock it.
  */
  IF in_own_transaction THEN
    SELECT task_id INTO out_task_id
    FROM {{ p }}task /* R6 */
    WHERE order_key = in_order_no AND name = in_name AND queue_id = in_queue_id AND active = 1;
  ELSE
    SELECT task_id INTO out_task_id
    FROM {{ p }}task /* R6 */
    WHERE order_key = in_order_no AND name = in_name AND queue_id = in_queue_id AND active = 1
    LOCK IN SHARE MODE /* R6 */;
  END IF;
END
