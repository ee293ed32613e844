CREATE PROCEDURE {{ p }}read_tick (
  IN in_tick {{ text }},
  OUT out_tick_at {{ instant }}
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: the time of a text such as 2026-11-29T10:00:00Z; NULL if it is none.
  */
  DECLARE EXIT HANDLER FOR 1292, 1411 SET out_tick_at = NULL;
  IF in_tick REGEXP '\\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\\z' THEN
    SET out_tick_at = STR_TO_DATE(in_tick, '%Y-%m-%dT%H:%i:%sZ');
  END IF;
END
