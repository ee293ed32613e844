CREATE PROCEDURE {{ p }}reserve_ids (
  IN in_above BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Keeps the ids up to a number for import_tasks: all tasks that are created from now on have greater ones. Ids never go
  back: less than what is reserved already changes nothing.

  Parameters
    in_above      the largest id that is kept, 1 to {{ limit.reserved }}
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  {{ check_integer("in_above", 1, limit.reserved) }};

  CALL {{ p }}begin_work();
  BEGIN
    -- A task has this number: the next one is greater.
    DECLARE EXIT HANDLER FOR 1062 {{ rollback }};
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    -- R37: no ALTER TABLE, which would wait for all who use the table, and they for it.
    {{ checked }} INSERT INTO {{ p }}task (
      task_id, lane, queue_id, status, max_count, interval_seconds, delete_deadline, created_at, deadline_at, due_at, name,
      payload
    )
    VALUES (
      in_above, 0, 0, {{ status.finished }}, 0, 0, 0, {{ now }}, {{ now }}, {{ now }}, '', '{}'
    );
    DELETE {{ unrefused }} FROM {{ p }}task
    WHERE task_id = in_above;
    {{ commit }};
  END;
END
