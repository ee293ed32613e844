PROCEDURE reserve_ids (
  in_above IN NUMBER
)
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
IS
  v_last_id NUMBER;
BEGIN
  {{ enter("reserve_ids") }};
  {{ check_integer("in_above", 1, limit.reserved) }};

  begin_work;
  v_last_id := {{ p }}task_seq.NEXTVAL;
  -- O14: by a step, which cannot lower it, whoever else draws or reserves meanwhile.
  IF v_last_id < in_above THEN
    EXECUTE IMMEDIATE 'ALTER SEQUENCE {{ p }}task_seq INCREMENT BY ' || TO_CHAR(in_above - v_last_id);
    v_last_id := {{ p }}task_seq.NEXTVAL;
  END IF;
  -- Also the step that a call before has left which was killed.
  EXECUTE IMMEDIATE 'ALTER SEQUENCE {{ p }}task_seq INCREMENT BY 1';
END reserve_ids;
