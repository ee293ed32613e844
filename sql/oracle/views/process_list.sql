-- The relays and workers that have reported within a day, and whether they still do. Times are UTC.
CREATE OR REPLACE VIEW {{ p }}process_list AS
SELECT
  name, kind,
  -- A time that lies well ahead is one from before the clock was set back.
  CASE
    WHEN seen_at BETWEEN {{ now }} - {{ seconds(default.process_here) }} AND {{ now }} + {{ seconds("60") }} THEN 'here'
    ELSE 'vanished'
  END AS state,
  host, pid, program, queues, threads, busy, started_at, seen_at
FROM {{ p }}process
WHERE seen_at > {{ now }} - {{ seconds(default.process_kept) }}
