{#- For every template: transactions, and settings of a session. -#}

{#- R24. Refused before any INSERT: both would let the caller choose ids, of queues and tasks of others, too. -#}
{%- set ids_are_free = "@@insert_id = 0 AND @@auto_increment_increment <= %d" % limit.id_step -%}

{#- R27. Whatever the session's completion_type is. -#}
{%- set commit = "COMMIT AND NO CHAIN NO RELEASE" -%}
{%- set rollback = "ROLLBACK AND NO CHAIN NO RELEASE" -%}

{#- Of a call that joins the caller's transaction: the one that it has opened itself if there is none, as
    v_own_transaction says. An error of the call takes it back, else the call commits it. -#}
{%- set roll_back_own -%}
DECLARE EXIT HANDLER FOR SQLEXCEPTION
  BEGIN
    IF v_own_transaction THEN
      {{ rollback }};
    END IF;
    RESIGNAL;
  END
{%- endset -%}
{%- set commit_own -%}
IF v_own_transaction THEN
    {{ commit }};
  END IF
{%- endset -%}

{#- The same for a call without rows. A trigger may call it, where the server refuses (1422) what has a COMMIT in it, even if
    it does not come to that: it has its transaction in procedures of their own. In a trigger it is part of the statement. -#}
{%- set roll_back_begun -%}
DECLARE EXIT HANDLER FOR SQLEXCEPTION
  BEGIN
    IF v_own_transaction THEN
      CALL {{ p }}end_own(FALSE);
    END IF;
    RESIGNAL;
  END
{%- endset -%}
{%- set begin_own -%}
BEGIN
    DECLARE EXIT HANDLER FOR 1422 SET v_own_transaction = FALSE;
    CALL {{ p }}begin_own(v_own_transaction);
  END
{%- endset -%}
{%- set commit_begun -%}
IF v_own_transaction THEN
    CALL {{ p }}end_own(TRUE);
  END IF
{%- endset -%}

{#- R25. For statements of which MariaDB would see the session's settings; MySQL, which heeds none of the two there, reads a
    comment. Safe updates refuse to change rows by a list; a list of JSON is cut, without an error, at the length. -#}
{%- set settled = "/*M!100600 SET STATEMENT sql_safe_updates = 0, group_concat_max_len = 33554432 FOR */" -%}

{#- R25. The same for MySQL, which cuts GROUP_CONCAT alone. -#}
{%- set uncut = "/*+ SET_VAR(group_concat_max_len = 33554432) */" -%}

{#- R25. For changes behind others of the same call, which a refusal would leave: in safe updates MySQL finds no key if a
    session gives its optimizer too little memory. -#}
{%- set unrefused = "/*+ SET_VAR(sql_safe_updates = 0) */" -%}

{#- R26. For INSERTs: if a session has both checks off, MariaDB fills an empty table in bulk. It locks all of the table until
    the transaction ends, and if a key is met twice nothing is stored, without an error. -#}
{%- set checked = "/*M!100600 SET STATEMENT unique_checks = 1 FOR */" -%}

{#- R20. Whether plain reads of this session see what others may roll back. -#}
{%- set reads_dirty = "/*M!100600 @@tx_isolation *//*!80000 @@transaction_isolation */ = 'READ-UNCOMMITTED'" -%}

{#- R13. Whether the call begins the transaction: the server refuses SET TRANSACTION with error 1568 while one is open. -#}
{%- set ask_fresh -%}
BEGIN
    DECLARE EXIT HANDLER FOR 1568 SET v_fresh = FALSE;
    SET TRANSACTION READ WRITE;
  END
{%- endset -%}
