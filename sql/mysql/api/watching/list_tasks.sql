{%- set asked_for -%}
(in_queue IS NULL OR queue = in_queue)
      AND (in_status IS NULL OR status = in_status)
      AND (in_namespace IS NULL OR namespace = in_namespace)
{%- endset -%}
{%- set active_statuses = "%d, %d" % (status.waiting, status.processing) -%}
CREATE PROCEDURE {{ p }}list_tasks (
  IN in_queue {{ text }},
  IN in_status BIGINT,
  IN in_order_no {{ text }},
  IN in_namespace {{ text }},
  IN in_limit BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Lists tasks, the newest first. An order number is found through its index while its task is not finished; finished
  tasks are searched among the newest {{ limit.search }} ids. Other searches look there first, too; what is rare they
  seek in an index, among the active tasks or among the terminal ones.

  Parameters
    in_queue      of this queue; NULL is any
    in_status     {{ status.finished }} finished, {{ status.waiting }} waiting, {{ status.processing }} processing,
                  {{ status.cancelled }} cancelled or {{ status.failed }} failed; NULL is any
    in_order_no   with this order number; NULL is any
    in_namespace  of this namespace; NULL is any
    in_limit      most rows, 1 to {{ limit.rows }}
  Result
    rows of the view task_list
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  DECLARE v_newest BIGINT;
  DECLARE v_found INT;

  {{ check_integer("in_limit", 1, limit.rows) }};
  IF in_status NOT IN ({{ status.values() | join(", ") }}) THEN
    {{ raise("invalid_argument", "in_status must be NULL or one of %s" % (status.values() | join(", "))) }};
  END IF;

  -- A statement of its own: within an expression it would lock the end of the table.
  SELECT MAX(task_id) INTO v_newest FROM {{ p }}task;
  IF in_order_no IS NOT NULL THEN
    SELECT {{ task_columns }}
    FROM (
      SELECT task_id AS found_id
      FROM {{ p }}task
      WHERE order_key = in_order_no
      UNION ALL
      SELECT task_id
      FROM {{ p }}task
      WHERE order_no = in_order_no
        AND status = {{ status.finished }}
        AND task_id > v_newest - {{ limit.search }}
    ) AS found
    STRAIGHT_JOIN {{ p }}task_list AS task /* R9 */ ON task.task_id = found.found_id
    WHERE {{ asked_for }}
    ORDER BY task_id DESC
    LIMIT in_limit;
  ELSE
    SELECT COUNT(*)
    INTO v_found
    FROM (
      SELECT 1
      FROM {{ p }}task_list
      WHERE task_id > v_newest - {{ limit.search }} AND {{ asked_for }}
      LIMIT in_limit
    ) AS found;
    IF v_found = in_limit THEN
      SELECT {{ task_columns }}
      FROM {{ p }}task_list
      WHERE {{ asked_for }}
      ORDER BY task_id DESC
      LIMIT in_limit;
    ELSE
      SELECT {{ task_columns }}
      FROM (
        SELECT task_id AS found_id
        FROM {{ p }}task AS task FORCE INDEX (due) /* R9 */
        STRAIGHT_JOIN {{ p }}queue AS registered FORCE INDEX (PRIMARY) /* R9 */ ON registered.queue_id = task.queue_id
        WHERE {{ asked_for }}
          AND (
            (lane = 0 AND COALESCE(in_status, {{ status.finished }}) NOT IN ({{ active_statuses }}))
            OR ((lane > 0 OR lane < 0) AND COALESCE(in_status, {{ status.waiting }}) IN ({{ active_statuses }}))
          )
        ORDER BY task_id DESC
        LIMIT in_limit
      ) AS found
      STRAIGHT_JOIN {{ p }}task_list AS task /* R9 */ ON task.task_id = found.found_id
      ORDER BY task_id DESC
      LIMIT in_limit;
    END IF;
  END IF;
END
