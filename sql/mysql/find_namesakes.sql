{%- set namesake -%}
task.order_key = given.order_no
        AND task.name = given.name
        AND task.queue_id = given.queue_id
        AND task.active = 1
{%- endset -%}
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
  [[element, task_id], ...]. Locks entries of the unique key only, as find_namesake does, in their order.

  A plain read chooses the elements to look at, as in add_task; after a race in_thorough looks at all, because
  the caller's snapshot may be too old to show the winner. in_alone, what the plain read finds is as good.
  */
  DECLARE v_seen JSON;

  {{ settled }} SELECT JSON_ARRAYAGG(JSON_ARRAY(element, task_id))
  INTO v_seen
  FROM (
    SELECT given.element, task.task_id
    FROM ({{ new_tasks('in_tasks') }}) AS given
    STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (active_order)
      ON {{ namesake }}
    WHERE given.leader = given.element
  ) AS found;
  SET out_duplicates = COALESCE(v_seen, '[]');

  IF NOT in_alone AND (in_thorough OR v_seen IS NOT NULL) THEN
    {{ settled }} SELECT JSON_ARRAYAGG(JSON_ARRAY(element, task_id))
    INTO out_duplicates
    FROM (
      SELECT given.element, task.task_id
      FROM (
        SELECT element, order_no, name, queue_id
        FROM ({{ new_tasks('in_tasks') }}) AS candidate
        WHERE order_no IS NOT NULL
          AND leader = element
          AND (in_thorough OR element IN (
            SELECT duplicate.element
            FROM {{ duplicates('v_seen') }} AS duplicate
          ))
        ORDER BY order_no, name, queue_id
        LIMIT {{ limit.rows }}
      ) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (active_order)
        ON {{ namesake }}
      LOCK IN SHARE MODE
    ) AS found;
    SET out_duplicates = COALESCE(out_duplicates, '[]');
  END IF;
END
