{%- set same_order -%}
task.order_key = given.order_no
        AND task.name = given.name
        AND task.queue_id = given.queue_id
        AND task.active = 1
{%- endset -%}
CREATE PROCEDURE {{ p }}find_active_tasks (
  IN in_tasks JSON,
  IN in_thorough TINYINT,
  IN in_own_transaction TINYINT,
  OUT out_duplicates LONGBLOB
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: for each element of create_tasks the active task that its order number belongs to, as ids_by lists them.
  Locks entries of the unique key only, as find_active_task does, in their order.

  A plain read chooses the elements to look at, as in add_task; after a race in_thorough looks at all, because
  the caller's snapshot may be too old to show the winner. If the call is its own transaction (in_own_transaction), the plain
  read suffices.
  */
  DECLARE v_seen INT;

  {{ settled }} SELECT {{ uncut }} {{ ids_by("element", "COALESCE(task_id, 0)") }}, COUNT(task_id)
  INTO out_duplicates, v_seen
  FROM (
    SELECT given.element, task.task_id
    FROM ({{ new_tasks('in_tasks') }}) AS given
    LEFT JOIN {{ p }}task AS task FORCE INDEX (active_order) /* R6 */
      ON {{ same_order }}
  ) AS found;

  IF NOT in_own_transaction AND (in_thorough OR v_seen > 0) THEN
    {{ settled }} SELECT {{ uncut }} {{ ids_by("element", "COALESCE(task_id, 0)") }}
    INTO out_duplicates
    FROM (
      SELECT given.element, task.task_id
      FROM (
        -- Nothing is looked for, and nothing locked, if the order number is NULL.
        SELECT
          element, name, queue_id,
          IF(leader = element AND (in_thorough OR {{ id_at("out_duplicates", "element") }} > 0), order_no, NULL) AS order_no
        FROM ({{ new_tasks('in_tasks') }}) AS candidate
        ORDER BY order_no, name, queue_id
        LIMIT {{ limit.rows }}
      ) AS given
      LEFT JOIN {{ p }}task AS task FORCE INDEX (active_order) /* R6 */
        ON {{ same_order }}
      LOCK IN SHARE MODE /* R6 */
    ) AS found;
  END IF;
END
