{%- macro is_action(name) -%}
CASE {{ binary("in_action") }} WHEN {{ binary("'%s'" % name) }} THEN 1 ELSE 0 END
{%- endmacro -%}
PROCEDURE change_tasks (
  in_action IN VARCHAR2,
  in_tasks IN CLOB,
  in_deadline IN NUMBER DEFAULT NULL,
  in_error IN VARCHAR2 DEFAULT NULL,
  out_changed OUT NUMBER,
  out_rows OUT SYS_REFCURSOR
)
/*
Changes many tasks in one short transaction. One that cannot be changed is left as it is and does
not hinder the others, and one that somebody else has locked is not waited for.

Parameters
  in_action     retry, as retry_task; cancel, as cancel_task; reject: an active task fails, whatever attempts are left
  in_tasks      a JSON array of at most {{ limit.rows }} objects {"task_id": 17}, {{ limit.attempts }} bytes together;
                with "attempt": 1, only while that is the number of its last attempt
  in_deadline   of retry: seconds from now, 1 to {{ limit.seconds }}; NULL is {{ default.deadline }}
  in_error      of reject: why, for people; cut after {{ limit.error }} characters; NULL says who has done it
Result
  out_changed   how many were changed
  one row for each of the others: task_id, attempt, error_number (as retry_task or cancel_task raises it;
  stale_attempt; task_busy)
Errors
  invalid_argument, transaction_open,
  task_busy (in the rows alone: another transaction has locked the task, or has just created one with its order
  number)
Transaction
  Commits by itself.
*/
IS
  v_retry NUMBER := {{ is_action("retry") }};
  v_reject NUMBER := {{ is_action("reject") }};
  v_now {{ instant }};
  v_ids ids;
  v_attempts ids;
  v_error_number NUMBER;
  v_rows {{ returned_rows }} := {{ returned_rows }}();
BEGIN
  {{ enter("change_tasks") }};
  IF in_action IS NULL
    OR {{ binary("in_action") }} NOT IN ({{ binary("'retry'") }}, {{ binary("'cancel'") }}, {{ binary("'reject'") }}) THEN
    {{ raise("invalid_argument", "in_action must be retry, cancel or reject") }};
  END IF;
  {{ check_integer("in_deadline", 1, limit.seconds, " (seconds)", or_null=true) }};
  IF in_deadline IS NOT NULL AND v_retry = 0 THEN
    {{ raise("invalid_argument", "in_deadline must be NULL unless in_action is retry") }};
  END IF;
  IF in_error IS NOT NULL AND v_reject = 0 THEN
    {{ raise("invalid_argument", "in_error must be NULL unless in_action is reject") }};
  END IF;
  read_tasks(in_tasks, v_ids, v_attempts);

  begin_work;
  v_now := {{ now }};
  out_changed := 0;
  BEGIN
    FOR i IN 1 .. v_ids.COUNT LOOP
      change_one(v_retry, v_reject, v_ids(i), v_attempts(i), in_deadline, in_error, v_now, v_error_number);
      IF v_error_number = 0 THEN
        out_changed := out_changed + 1;
      ELSE
        v_rows.EXTEND;
        v_rows(v_rows.COUNT) := '[' || v_ids(i) || ',' || COALESCE(TO_CHAR(v_attempts(i)), 'null') || ',' || v_error_number || ']';
      END IF;
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;

  OPEN out_rows FOR
    SELECT task_id, attempt, error_number
    FROM TABLE(v_rows) given, JSON_TABLE(given.COLUMN_VALUE, '$' COLUMNS (
      task_id NUMBER PATH '$[0]',
      attempt NUMBER PATH '$[1]',
      error_number NUMBER PATH '$[2]'
    ));
END change_tasks;
