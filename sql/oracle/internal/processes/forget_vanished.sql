PROCEDURE forget_vanished
/*
Internal: deletes the processes that have not been seen for {{ default.process_kept }} s. If there are more than
{{ limit.processes }}, as somebody has made them up, those that were not seen for longest go, too.
*/
IS
  v_found NUMBER;
  v_until {{ instant }};
  CURSOR c_vanished IS
    SELECT process.name
    FROM {{ p }}process process
    WHERE process.seen_at <= v_until
    FOR UPDATE SKIP LOCKED; /* O1 */
  v_names process_names;
BEGIN
  SELECT COUNT(*), MIN(seen_at)
  INTO v_found, v_until
  FROM (
    SELECT seen_at FROM {{ p }}process ORDER BY seen_at DESC FETCH FIRST {{ limit.processes + 1 }} ROWS ONLY
  );
  IF v_found <= {{ limit.processes }} THEN
    v_until := {{ now }} - {{ seconds(default.process_kept) }};
  ELSE
    v_until := GREATEST(v_until, {{ now }} - {{ seconds(default.process_kept) }});
  END IF;
  OPEN c_vanished;
  FETCH c_vanished BULK COLLECT INTO v_names LIMIT {{ limit.rows }};
  CLOSE c_vanished;
  -- Unless one has come back meanwhile.
  FORALL i IN 1 .. v_names.COUNT
    DELETE FROM {{ p }}process
    WHERE {{ same("name", "v_names(i)") }} AND seen_at <= v_until;
END forget_vanished;
