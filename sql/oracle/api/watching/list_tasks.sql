{%- set asked_for -%}
(v_queue IS NULL OR {{ same("queue", "v_queue") }})
        AND (in_status IS NULL OR status = in_status)
        AND (v_namespace IS NULL OR {{ same("namespace", "v_namespace") }})
{%- endset -%}
{%- set active_statuses = "%d, %d" % (status.waiting, status.processing) -%}
PROCEDURE list_tasks (
  in_queue IN VARCHAR2 DEFAULT NULL,
  in_status IN NUMBER DEFAULT NULL,
  in_order_no IN VARCHAR2 DEFAULT NULL,
  in_namespace IN VARCHAR2 DEFAULT NULL,
  in_limit IN NUMBER,
  out_rows OUT SYS_REFCURSOR
)
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
IS
  v_queue VARCHAR2(32767) := {{ cut("in_queue", limit.queue) }};
  v_order_no VARCHAR2(32767) := {{ cut("in_order_no", limit.order_no) }};
  v_namespace VARCHAR2(32767) := {{ cut("in_namespace", limit.namespace) }};
  v_newest NUMBER;
  v_found NUMBER;
BEGIN
  {{ enter("list_tasks") }};
  {{ check_integer("in_limit", 1, limit.rows) }};
  IF in_status NOT IN ({{ status.values() | join(", ") }}) THEN
    {{ raise("invalid_argument", "in_status must be NULL or one of %s" % (status.values() | join(", "))) }};
  END IF;

  SELECT MAX(task_id) INTO v_newest FROM {{ p }}task;
  IF v_order_no IS NOT NULL THEN
    OPEN out_rows FOR
      SELECT /*+ FIRST_ROWS(100) */ /* O5 */ {{ task_columns }}
      FROM {{ p }}task_list
      WHERE task_id IN (
          SELECT task_id
          FROM {{ p }}task
          WHERE {{ same("order_key", "v_order_no") }}
          UNION ALL
          SELECT task_id
          FROM {{ p }}task
          WHERE {{ same("order_no", "v_order_no") }}
            AND status = {{ status.finished }}
            AND task_id > v_newest - {{ limit.search }}
        )
        AND {{ asked_for }}
      ORDER BY task_id DESC
      FETCH FIRST in_limit ROWS ONLY;
  ELSE
    SELECT COUNT(*)
    INTO v_found
    FROM (
      SELECT /*+ FIRST_ROWS(100) */ /* O5 */ task_id
      FROM {{ p }}task_list
      WHERE task_id > v_newest - {{ limit.search }} AND {{ asked_for }}
      FETCH FIRST in_limit ROWS ONLY
    );
    IF v_found = in_limit THEN
      OPEN out_rows FOR
        SELECT /*+ FIRST_ROWS(100) */ /* O5 */ {{ task_columns }}
        FROM {{ p }}task_list
        WHERE {{ asked_for }}
        ORDER BY task_id DESC
        FETCH FIRST in_limit ROWS ONLY;
    ELSE
      OPEN out_rows FOR
        SELECT {{ task_columns }}
        FROM {{ p }}task_list
        WHERE task_id IN (
          SELECT /*+ INDEX(task {{ p }}due) */ /* O2 */ task.task_id
          FROM {{ p }}task task
          JOIN {{ p }}queue queue ON queue.queue_id = task.queue_id
          WHERE {{ asked_for }}
            AND (
              (lane = 0 AND COALESCE(in_status, {{ status.finished }}) NOT IN ({{ active_statuses }}))
              OR (lane <> 0 AND COALESCE(in_status, {{ status.waiting }}) IN ({{ active_statuses }}))
            )
          ORDER BY task.task_id DESC
          FETCH FIRST in_limit ROWS ONLY
        )
        ORDER BY task_id DESC;
    END IF;
  END IF;
END list_tasks;
