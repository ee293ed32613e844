CREATE PROCEDURE {{ p }}report_process (
  IN in_name {{ text }},
  IN in_kind {{ text }},
  IN in_host {{ text }},
  IN in_pid BIGINT,
  IN in_program {{ text }},
  IN in_queues {{ text }},
  IN in_threads BIGINT,
  IN in_busy BIGINT,
  IN in_uptime BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_now {{ instant }};
  DECLARE v_started_at {{ instant }};

  {{ check_name("in_name", limit.relay) }};
  IF COALESCE(CAST(in_kind AS BINARY) NOT IN ('relay', 'worker'), TRUE) THEN
    {{ raise("invalid_argument", "in_kind must be relay or worker") }};
  END IF;
  {{ check_integer("in_pid", 0, limit.pid, or_null=true) }};
  {{ check_integer("in_threads", 0, limit.threads, or_null=true) }};
  {{ check_integer("in_busy", 0, limit.threads, or_null=true) }};
  {{ check_integer("in_uptime", 0, limit.seconds, " (seconds)") }};
  {{ bytes_at_most("in_queues", limit.process_queues) }};
  IF COALESCE(NOT JSON_VALID(in_queues) OR JSON_TYPE(in_queues) <> 'ARRAY', FALSE) THEN
    {{ raise("invalid_argument", "in_queues must be NULL or a JSON array of queue names") }};
  END IF;
  IF {{ unreadable("in_name") }} OR {{ unreadable("in_host") }} OR {{ unreadable("in_program") }}
    OR {{ unreadable("in_queues") }} THEN
    {{ raise("invalid_argument", "in_name, in_host, in_program and in_queues must have characters of Unicode only") }};
  END IF;

  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    SET v_now = {{ now }}, v_started_at = v_now - INTERVAL in_uptime SECOND;
    {{ checked }} INSERT INTO {{ p }}process (
      name, kind, host, pid, program, queues, threads, busy, started_at, seen_at
    )
    VALUES (
      in_name, in_kind, LEFT(in_host, {{ limit.host }}), in_pid, LEFT(in_program, {{ limit.program }}), in_queues,
      in_threads, in_busy, v_started_at, v_now
    )
    ON DUPLICATE KEY UPDATE
      kind = in_kind,
      host = LEFT(in_host, {{ limit.host }}),
      pid = in_pid,
      program = LEFT(in_program, {{ limit.program }}),
      queues = in_queues,
      threads = in_threads,
      busy = in_busy,
      -- Whole seconds since then are a moment more or less each time.
      started_at = IF(TIMESTAMPDIFF(SECOND, started_at, v_started_at) BETWEEN -1 AND 1, started_at, v_started_at),
      seen_at = v_now;
    -- Rows come by new processes alone, so that they are enough to keep them few.
    IF ROW_COUNT() = 1 THEN
      CALL {{ p }}forget_vanished();
    END IF;
    {{ commit }};
  END;
END
