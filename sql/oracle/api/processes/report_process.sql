PROCEDURE report_process (
  in_name IN VARCHAR2,
  in_kind IN VARCHAR2,
  in_host IN VARCHAR2 DEFAULT NULL,
  in_pid IN NUMBER DEFAULT NULL,
  in_program IN VARCHAR2 DEFAULT NULL,
  in_queues IN CLOB DEFAULT NULL,
  in_threads IN NUMBER DEFAULT NULL,
  in_busy IN NUMBER DEFAULT NULL,
  in_uptime IN NUMBER
)
/*
Says that a relay or a worker is there; the view process_list shows it. Each process calls it now and then, most often
every 15 s: one that has not for {{ default.process_here }} s has vanished, and is forgotten after
{{ default.process_kept }} s. Two processes of one name share a row.

Parameters
  in_name       of the process, 1 to {{ limit.relay }} characters, no blank at either end
  in_kind       relay or worker
  in_host       of its machine; cut after {{ limit.host }} characters; NULL is not known
  in_pid        its number there, 0 to {{ limit.pid }}; NULL is not known
  in_program    its name and release; cut after {{ limit.program }} characters; NULL is not known
  in_queues     a JSON array of the names of its queues, at most {{ limit.process_queues }} bytes; NULL is any
  in_threads    handlers that it can run at one time, 0 to {{ limit.threads }}; NULL if it has none
  in_busy       handlers that run now, 0 to {{ limit.threads }}; NULL if it has none
  in_uptime     seconds since it has started, 0 to {{ limit.seconds }}
Errors
  invalid_argument, transaction_open
Transaction
  Commits by itself.
*/
IS
  v_now {{ instant }};
  v_started_at {{ instant }};
  v_found NUMBER;
BEGIN
  {{ enter("report_process") }};
  {{ check_name("in_name", limit.relay) }};
  IF in_kind IS NULL OR {{ binary("in_kind") }} NOT IN ({{ binary("'relay'") }}, {{ binary("'worker'") }}) THEN
    {{ raise("invalid_argument", "in_kind must be relay or worker") }};
  END IF;
  {{ check_integer("in_pid", 0, limit.pid, or_null=true) }};
  {{ check_integer("in_threads", 0, limit.threads, or_null=true) }};
  {{ check_integer("in_busy", 0, limit.threads, or_null=true) }};
  {{ check_integer("in_uptime", 0, limit.seconds, " (seconds)") }};
  IF in_queues IS NOT NULL THEN
    {{ bytes_at_most("in_queues", limit.process_queues) }};
    SELECT COUNT(*)
    INTO v_found
    FROM dual
    WHERE {{ is_json("in_queues", "[") }};
    IF v_found = 0 THEN
      {{ raise("invalid_argument", "in_queues must be NULL or a JSON array of queue names") }};
    END IF;
  END IF;

  begin_work;
  v_now := {{ now }};
  v_started_at := v_now - {{ seconds("in_uptime") }};
  BEGIN
    UPDATE {{ p }}process
    SET
      (kind, host, program) = (
        SELECT in_kind, SUBSTR(in_host, 1, {{ limit.host }}), SUBSTR(in_program, 1, {{ limit.program }}) FROM dual
      ),
      pid = in_pid,
      queues = in_queues,
      threads = in_threads,
      busy = in_busy,
      -- Whole seconds since then are a moment more or less each time.
      started_at = CASE
        WHEN started_at BETWEEN v_started_at - {{ seconds("2") }} AND v_started_at + {{ seconds("2") }} THEN started_at
        ELSE v_started_at
      END,
      seen_at = v_now
    WHERE {{ same("name", "in_name") }};
    IF SQL%ROWCOUNT = 0 THEN
      INSERT INTO {{ p }}process (name, kind, host, pid, program, queues, threads, busy, started_at, seen_at)
      VALUES (
        in_name, in_kind, SUBSTR(in_host, 1, {{ limit.host }}), in_pid, SUBSTR(in_program, 1, {{ limit.program }}),
        in_queues, in_threads, in_busy, v_started_at, v_now
      );
      -- Rows come by new processes alone, so that they are enough to keep them few.
      forget_vanished;
    END IF;
  EXCEPTION
    WHEN DUP_VAL_ON_INDEX THEN
      -- Another process of this name has just said the same.
      v_found := 1;
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;
END report_process;
