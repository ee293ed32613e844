{#- What every template of this dialect may use, besides the prefix `p`, the constants and the settings. -#}

{%- macro raise(name, message) -%}
SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {{ error[name] }}, MESSAGE_TEXT = '{{ message }}'
{%- endmacro -%}

{#- R29. Every text has its character set and collation, in columns of JSON_TABLE, too: else they are the schema's. -#}
{%- set text = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" -%}
{%- set string = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" -%}
{%- set instant = "DATETIME(3)" -%}
{#- R23. Whether an error 1062 speaks of the key of order numbers, and not of an index or a trigger of the user's own. -#}
{%- macro is_duplicate(message) -%}
LOCATE('active_order', {{ message }}) > 0
{%- endmacro -%}
{#- R24. Refused before any INSERT: both would let the caller choose ids, of queues and tasks of others, too. -#}
{%- set ids_are_free = "@@insert_id = 0 AND @@auto_increment_increment <= %d" % limit.id_step -%}
{%- set not_allowed = "queue must fit the queue_pattern of this installation, or be registered already" -%}
{%- set too_many = "new queues would be more than max_queues allows, which is %d" % max_queues -%}
{#- Whether a new queue may have this name. -#}
{%- macro is_allowed(name) -%}
({{ name }} LIKE '{{ queue_patterns | map("escaped", "!%_", "!") | map("replace", "*", "%") | map("escaped", "\\'", "\\")
          | join("' ESCAPE '!' OR %s LIKE '" % name) }}' ESCAPE '!')
{%- endmacro -%}
{#- Whether a queue has an active task, parked ones included. -#}
{%- macro has_active(queue_id) -%}
COALESCE((
        SELECT lane FROM {{ p }}task FORCE INDEX (due) /* R2 */ WHERE lane = {{ queue_id }} ORDER BY lane, due_at LIMIT 1
      ), (
        SELECT lane FROM {{ p }}task FORCE INDEX (due) /* R2 */ WHERE lane = -{{ queue_id }} ORDER BY lane, due_at LIMIT 1
      ), 0) <> 0
{%- endmacro -%}
{#- R27. Whatever the session's completion_type is. -#}
{%- set commit = "COMMIT AND NO CHAIN NO RELEASE" -%}
{%- set rollback = "ROLLBACK AND NO CHAIN NO RELEASE" -%}
{#- Of a call that joins the caller's transaction: the one that it has opened itself if there is none, as v_own_transaction says.
    An error of the call takes it back, else the call commits it. -#}
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
{#- Before the text is read as JSON, of which MySQL makes many times as much. -#}
{%- macro bytes_at_most(argument, most) -%}
IF LENGTH({{ argument }}) > {{ most }} THEN
    {{ raise("invalid_argument", "%s must have at most %d bytes" % (argument, most)) }};
  END IF
{%- endmacro -%}
{#- The rules for an argument, each with what it says. -#}
{%- macro name_rule(length, kind="have") -%}
must {{ kind }} 1 to {{ length }} characters, no blank at either end
{%- endmacro -%}
{%- macro check_name(argument, length, or_null=false) -%}
IF {{ "" if or_null else argument ~ " IS NULL OR " }}CHAR_LENGTH({{ argument }}) NOT BETWEEN 1 AND {{ length }}
    OR ' ' IN (LEFT({{ argument }}, 1), RIGHT({{ argument }}, 1)) THEN
    {{ raise("invalid_argument", argument ~ " " ~ name_rule(length)) }};
  END IF
{%- endmacro -%}
{%- macro check_integer(argument, low, high, unit="", or_null=false) -%}
IF {{ "" if or_null else argument ~ " IS NULL OR " }}{{ argument }} NOT BETWEEN {{ low }} AND {{ high }} THEN
    {{ raise("invalid_argument", "%s must be %s%d to %d%s" % (argument, "NULL or " if or_null else "", low, high, unit)) }};
  END IF
{%- endmacro -%}
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
{#- What a plain read says for certain, though the caller's snapshot may be old: that a task cannot be started whose last
    attempt is to be `attempts`, or, `running`, that it cannot be finished, failed or extended in that attempt. Attempts
    never go back, and a finished task stays so. -#}
{%- macro is_refused(attempts, running) -%}
COALESCE(
        task.attempts > {{ attempts }} OR IF(
          {{ running }},
          task.attempts = {{ attempts }} AND task.status NOT IN ({{ status.processing }}, {{ status.finished }}),
          task.status = {{ status.finished }}
        ),
        FALSE
      )
{%- endmacro -%}
{#- R13. Whether the call begins the transaction: the server refuses SET TRANSACTION with error 1568 while one is open. -#}
{%- set ask_fresh -%}
BEGIN
    DECLARE EXIT HANDLER FOR 1568 SET v_fresh = FALSE;
    SET TRANSACTION READ WRITE;
  END
{%- endset -%}
{#- R15. Before the UPDATE of one task, which locks where it finds nothing, too: the row, or the place where it would be. In
    a transaction that lasts the call looks first. If the call begins it, what a look does not find is not there. In one
    that was open before it may have been created since, if its number has been given at all. -#}
{%- macro look_first(attempts, running) -%}
BEGIN
    DECLARE v_fresh TINYINT DEFAULT TRUE;
    DECLARE v_refused TINYINT;
    DECLARE v_next_id BIGINT UNSIGNED;
    {{ ask_fresh }};
    IF NOT v_fresh OR NOT @@autocommit THEN
      SELECT {{ is_refused(attempts, running) }}
      INTO v_refused
      FROM {{ p }}task AS task
      WHERE task_id = in_task_id;
      IF v_refused IS NULL AND NOT v_fresh THEN
        CALL {{ p }}find_next_id(v_next_id);
        SET v_refused = NOT {{ is_given("in_task_id") }};
      END IF;
      IF COALESCE(v_refused, v_fresh) THEN
        CALL {{ p }}refuse_known(in_task_id, {{ attempts }}, {{ running }});
      END IF;
    END IF;
  END
{%- endmacro -%}
{#- Whether a task may have this number: beyond lies the place of all that will be created. -#}
{%- macro is_given(task_id) -%}
({{ task_id }} > 0 AND {{ task_id }} < v_next_id)
{%- endmacro -%}
{#- Why finish_tasks has refused an element. -#}
{%- set reason -%}
CASE
        WHEN task.task_id IS NULL THEN {{ error.task_not_found }}
        WHEN task.lane = 0 THEN {{ error.task_not_active }}
        WHEN given.attempt <> task.attempts THEN {{ error.stale_attempt }}
        ELSE {{ error.task_not_processing }}
      END
{%- endset -%}
{%- set json_errors = "3140, 3141, 3151, 3157" -%}
{%- set nul = "_utf8mb4 X'00'" -%}
{#- MariaDB takes halves of surrogate pairs for characters, and no client can read them again. In UTF-8 they begin
    with ED, as little else does. -#}
{%- macro has_ed(value) -%}
LOCATE(X'ED', CAST({{ value }} AS BINARY)) > 0
{%- endmacro -%}
{%- macro unreadable(value) -%}
({{ has_ed(value) }} AND CONVERT(CONVERT({{ value }} USING utf16) USING utf8mb4) COLLATE utf8mb4_bin <> {{ value }})
{%- endmacro -%}

{%- set now = "UTC_TIMESTAMP(3)" -%}
{#- Adds to a list what was gathered for it. Each addition takes as long as the list is: so many small ones go through a
    list of their own, of at most so many bytes. -#}
{%- set gathered = 8192 -%}
{%- macro add_gathered(list, some, least) -%}
IF LENGTH({{ some }}) > {{ least }} THEN
        SET {{ list }} = IF({{ list }} = '[]', {{ some }}, JSON_MERGE_PRESERVE({{ list }}, {{ some }}));
        SET {{ some }} = '[]';
      END IF
{%- endmacro -%}
{#- Positive and even, and unique on all servers whose numbers differ in the last six bits. -#}
{%- set new_batch_id = "((UUID_SHORT() & 4611686018427387903) << 1)" -%}
{%- set beginning_of_time = "TIMESTAMP'1970-01-01 00:00:00'" -%}
{%- set end_of_time = "TIMESTAMP'9999-12-31 00:00:00'" -%}

{#- What low_end remembers. Microseconds: a look that takes longer is slow; a row is valid for so many times what the
    look took, within bounds. Seconds: looks begin so long before now at the latest, and end so long after. -#}
{%- set low_end = {"slow": 2000, "times": 20, "shortest": 1000000, "longest": 30000000, "margin": 1} -%}
{%- macro valid(now) -%}
(first_at <= {{ now }} - INTERVAL {{ low_end.margin }} SECOND
    AND valid_until BETWEEN {{ now }} AND {{ now }} + INTERVAL {{ low_end.longest }} MICROSECOND)
{%- endmacro -%}
{#- R5. Lets MySQL see the end of a range while it passes what is deleted and not purged: it does so where it reads the
    whole row, without a condition on the index. MariaDB never does. -#}
{%- set stop_at_end = "/*+ NO_ICP(%stask) */" % p -%}
{#- Rows of a claim at most: the bytes of so many must be looked at before it is known how many it may have. -#}
{%- set claim_rows = [limit.rows, 64 * limit.claim_bytes // payload_limit] | min -%}
{#- Characters of a lane in the list of scan_tasks: ten digits, whether it is closed, whether it has parked tasks. -#}
{%- set lane_width = 12 -%}
{%- set task_columns = "task_id, namespace, queue, name, order_no, status, attempts, max_count, created_at, started_at, ended_at, due_at, deadline_at, last_error" -%}

{#- Whether a task is started no more: no attempt is left, or too many in a row have never ended. -#}
{%- macro used_up(task="") -%}
({{ task }}attempts - {{ task }}attempts_before >= {{ task }}max_count
    OR ({{ task }}status = {{ status.processing }} AND {{ task }}lapses >= {{ max_lapses - 1 }}))
{%- endmacro -%}
{#- Whether a due task fails: it is started no more, or its deadline has passed. -#}
{%- macro expired(now) -%}
(deadline_at <= {{ now }} OR {{ used_up() }})
{%- endmacro -%}
{#- What becomes of a due task that fails. Its last attempt, if it has not ended, has lapsed, too. -#}
{%- macro expire(now) -%}
task.last_error = IF(
          task.status = {{ status.processing }} AND {{ used_up("task.") }} AND (task.lapses > 0 OR task.last_error IS NULL),
          CONCAT('attempts in a row that never ended: ', task.lapses + 1, ' (the task may kill its worker)'),
          task.last_error
        ),
        task.lapses = task.lapses + (task.status = {{ status.processing }}),
        task.lane = 0,
        task.status = {{ status.failed }},
        task.ended_at = {{ now }},
        task.due_at = {{ now }} + {{ keep_unfinished }}
{%- endmacro -%}

{#- R22. When a task that is started comes again, and how many attempts before this one were started and never ended. Each
    of them doubles the time, up to an hour unless the interval is longer; a fraction that is another one for each task
    and attempt parts those that have lapsed together. To stand first: they go by what the row was before. -#}
{%- macro start_anew(now, task="") -%}
{{ task }}due_at = LEAST(
      IF(
        {{ task }}status = {{ status.processing }},
        {{ now }} + INTERVAL
          GREATEST({{ task }}interval_seconds, LEAST({{ task }}interval_seconds * POWER(2, LEAST({{ task }}lapses, 11)), 1800))
          * (1 + MOD(CRC32(CONCAT({{ task }}task_id, ' ', {{ task }}attempts)), 1000) / 1000) SECOND,
        {{ now }} + INTERVAL {{ task }}interval_seconds SECOND
      ),
      {{ task }}deadline_at
    ),
    {{ task }}lapses = IF({{ task }}status = {{ status.processing }}, {{ task }}lapses + 1, 0)
{%- endmacro -%}

{#- A task that is started, and whether it can be: `attempt` is the one that the message announced. -#}
{%- macro started(attempts, batch_id, task="") -%}
{{ start_anew("v_now", task) }},
    {{ in_processing(attempts, batch_id, task) }}
{%- endmacro -%}
{%- macro in_processing(attempts, batch_id, task="") -%}
{{ task }}lane = {{ task }}queue_id,
    {{ task }}status = {{ status.processing }},
    {{ task }}attempts = {{ attempts }},
    {{ task }}batch_id = {{ batch_id }},
    {{ task }}started_at = v_now
{%- endmacro -%}
{%- macro can_be_started(attempt, task="") -%}
{{ task }}lane <> 0
    AND ({{ attempt }} IS NULL OR {{ task }}attempts + 1 = {{ attempt }})
    AND NOT {{ used_up(task) }}
    AND {{ task }}deadline_at > v_now
{%- endmacro -%}

{#- When a task that has failed or was cancelled may be deleted. -#}
{%- set keep_unfinished = "INTERVAL IF(delete_deadline = 0, %d, delete_deadline) SECOND" % default.keep_unfinished -%}

{#- A text of somebody's, in which nothing ends a line or turns the direction of reading. -#}
{%- macro one_line(text) -%}
REGEXP_REPLACE({{ text }}, '[\\p{Cc}\\p{Zl}\\p{Zp}\\x{061C}\\x{200E}\\x{200F}\\x{202A}-\\x{202E}\\x{2066}-\\x{206F}]', ' ')
{%- endmacro -%}

{#- Whether the purge has put off a terminal task. -#}
{%- set put_off -%}
task.due_at > task.ended_at
          + INTERVAL IF(task.status = {{ status.finished }} OR task.delete_deadline > 0, task.delete_deadline, {{ default.keep_unfinished }}) SECOND
{%- endset -%}

{#- R4. The elements of start_tasks, finish_tasks and return_tasks, in the order in which all calls lock their tasks. -#}
{%- macro given_tasks(variable) -%}
(
    SELECT DISTINCT task_id, attempt
    FROM JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
      task_id BIGINT PATH '$.task_id', attempt BIGINT PATH '$.attempt'
    )) AS element
    ORDER BY task_id, attempt
    LIMIT {{ limit.rows }}
  )
{%- endmacro -%}

{#- The elements of receive_tasks. -#}
{%- macro given_messages(variable) -%}
JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
      place FOR ORDINALITY,
      task_id BIGINT PATH '$.task_id',
      attempt BIGINT PATH '$.attempt',
      queue VARCHAR({{ limit.queue }}) {{ string }} PATH '$.queue'
    ))
{%- endmacro -%}

{#- R10. A JSON array of names as rows, each once, so that the server makes a key of them; one that no queue can have stays
    too long for any. -#}
{%- macro names(variable) -%}
(
            SELECT DISTINCT LEFT(name, {{ limit.queue + 1 }}) AS name
            FROM JSON_TABLE({{ variable }}, '$[*]' COLUMNS (name {{ text }} PATH '$')) AS given
          )
{%- endmacro -%}

{#- Whether a payload has a key that messages add. MariaDB compares keys as they are written, and \\u0074ask_id is task_id,
    too: if there are escapes of ASCII, a copy is looked at in which none stands for a letter of the two. Without
    JSON_KEYS, for which MariaDB compares each key with each. -#}
{%- macro has_reserved_key(payload, as_text) -%}
(
            JSON_CONTAINS_PATH({{ payload }}, 'one', '$.task_id', '$.task_attempt')
            OR (LOCATE('\\u00', {{ as_text }}) > 0 AND JSON_CONTAINS_PATH(
              REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
                {{ as_text }}, '\\\\', '\\/'), '\\u0074', 't'), '\\u0061', 'a'), '\\u0073', 's'),
                '\\u006b', 'k'), '\\u006B', 'k'), '\\u005f', '_'), '\\u005F', '_'), '\\u0069', 'i'), '\\u0064', 'd'),
                '\\u0065', 'e'), '\\u006d', 'm'), '\\u006D', 'm'), '\\u0070', 'p'
              ), 'one', '$.task_id', '$.task_attempt'
            ))
          )
{%- endmacro -%}
{#- The first key of an object that has one. Without JSON_KEYS, for the same reason. -#}
{%- macro first_key(object) -%}
LEFT(REGEXP_SUBSTR(LEFT({{ object }}, 400), '"([^"\\\\]|\\\\.)*"?'), 40)
{%- endmacro -%}

{#- The elements of a variable as create_tasks stores them, once check_new_tasks has passed them. The leader of an
    element is the first one with the same order number; one without an order number leads itself. MariaDB takes the
    square of the time for MIN(element). -#}
{%- macro new_tasks(variable) %}
      SELECT
        found.*, queue.queue_id,
        FIRST_VALUE(element) OVER (
          PARTITION BY
            order_no, IF(order_no IS NULL, element, 0), name, queue.queue_id
          ORDER BY element
        ) AS leader
      FROM {{ elements(variable) }} AS found
      STRAIGHT_JOIN {{ p }}queue AS queue FORCE INDEX (name) /* R7 */
        ON queue.namespace = COALESCE(found.namespace, '{{ default.namespace }}')
        AND queue.queue = found.queue
    {% endmacro -%}

{%- macro elements(variable) %}JSON_TABLE({{ variable }}, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        name VARCHAR({{ limit.name }}) {{ string }} PATH '$.name',
        payload JSON PATH '$.payload',
        delay INT PATH '$.delay',
        interval_seconds INT PATH '$.interval',
        queue VARCHAR({{ limit.queue }}) {{ string }} PATH '$.queue',
        namespace VARCHAR({{ limit.namespace }}) {{ string }} PATH '$.namespace',
        order_no VARCHAR({{ limit.order_no }}) {{ string }} PATH '$.order_no',
        deadline INT PATH '$.deadline',
        delete_deadline INT PATH '$.delete_deadline',
        max_count INT PATH '$.max_count'
      )){% endmacro -%}

{#- R10. The ids of elements in a LONGBLOB, id_width digits each, 0 for none: to look one up takes no longer if they are
    many, as it does in a table that is made of JSON, which has no index. -#}
{%- set id_width = 19 -%}
{%- macro ids_by(order, id) -%}
GROUP_CONCAT(LPAD({{ id }}, {{ id_width }}, '0') ORDER BY {{ order }} SEPARATOR '')
{%- endmacro -%}
{%- macro id_at(variable, place) -%}
CAST(SUBSTR({{ variable }}, {{ id_width }} * ({{ place }} - 1) + 1, {{ id_width }}) AS SIGNED)
{%- endmacro -%}

{#- The columns that create_tasks and create_rest fill, and what they fill them with. -#}
{%- set new_task_columns = "lane, queue_id, status, name, order_no, payload, interval_seconds, delete_deadline,
      max_count, batch_id, created_at, deadline_at, due_at" -%}
{#- A payload's text: that of a string, else that of the object. -#}
{%- set payload_text = "IF(JSON_TYPE(payload) = 'STRING', JSON_UNQUOTE(payload), payload)" -%}
{%- macro new_task_values(batch_id, now, sound, payload) -%}
queue_id, queue_id, IF({{ sound }}, {{ status.waiting }}, NULL), name, order_no,
      {{ payload }},
      interval_seconds,
      COALESCE(delete_deadline, {{ default.delete_deadline }}),
      COALESCE(max_count, {{ default.max_count }}),
      IF(delay IS NULL, {{ batch_id }}, {{ batch_id }} - 1),
      {{ now }},
      {{ now }} + INTERVAL COALESCE(deadline, {{ default.deadline }}) SECOND,
      {{ now }} + INTERVAL LEAST(
        COALESCE(delay, {{ push_grace }}), COALESCE(deadline, {{ default.deadline }})
      ) SECOND
{%- endmacro -%}
