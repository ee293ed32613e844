CREATE PROCEDURE {{ p }}find_namesakes (
  IN in_tasks JSON,
  IN in_thorough TINYINT,
  IN in_alone TINYINT,
  OUT out_duplicates JSON
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: the elements of create_tasks whose order number belongs to an active task, and that task:
  [[element, task_id], ...]. One at a time, so that only entries of the unique key are locked.

  A plain read chooses the elements to look at, as in add_task; after a race in_thorough looks at all, because
  the caller's snapshot may be too old to show the winner.
  */
  DECLARE v_element INT;
  DECLARE v_order_no VARCHAR({{ limit.order_no }}) {{ string }};
  DECLARE v_name VARCHAR({{ limit.name }}) {{ string }};
  DECLARE v_queue_id INT;
  DECLARE v_task_id BIGINT;
  DECLARE v_done TINYINT DEFAULT FALSE;
  DECLARE c_leaders CURSOR FOR
    SELECT given.element, given.order_no, given.name, given.queue_id
    FROM ({{ new_tasks('in_tasks') }}) AS given
    LEFT JOIN {{ p }}task AS task FORCE INDEX (active_order)
      ON task.order_key = given.order_no
      AND task.name = given.name
      AND task.queue_id = given.queue_id
      AND task.active = 1
    WHERE given.order_no IS NOT NULL
      AND given.leader = given.element
      AND (in_thorough OR task.task_id IS NOT NULL)
    ORDER BY given.order_no, given.name, given.queue_id;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;

  SET out_duplicates = '[]';
  OPEN c_leaders;
  each_leader: LOOP
    FETCH c_leaders INTO v_element, v_order_no, v_name, v_queue_id;
    IF v_done THEN
      LEAVE each_leader;
    END IF;
    CALL {{ p }}find_namesake(v_order_no, v_name, v_queue_id, in_alone, v_task_id);
    IF v_task_id IS NOT NULL THEN
      SET out_duplicates = JSON_MERGE_PRESERVE(
        out_duplicates, JSON_ARRAY(JSON_ARRAY(v_element, v_task_id))
      );
    END IF;
    SET v_done = FALSE;
  END LOOP;
  CLOSE c_leaders;
END
