-- The relays and workers that have reported within a day, and whether they still do. Times are UTC.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW {{ p }}process_list AS
SELECT
  name, kind,
  -- A time that lies well ahead is one from before the clock was set back.
  IF(
    seen_at BETWEEN {{ now }} - INTERVAL {{ default.process_here }} SECOND AND {{ now }} + INTERVAL 1 MINUTE,
    'here', 'vanished'
  ) AS state,
  host, pid, program, queues, threads, busy, started_at, seen_at
FROM {{ p }}process
WHERE seen_at > {{ now }} - INTERVAL {{ default.process_kept }} SECOND
