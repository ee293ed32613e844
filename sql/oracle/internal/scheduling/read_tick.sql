PROCEDURE read_tick (
  in_tick IN VARCHAR2,
  out_tick_at OUT TIMESTAMP
)
/*
Internal: the time of a text such as 2026-11-29T10:00:00Z; NULL if it is none.
*/
IS
  v_month_at {{ instant }};
BEGIN
  IF REGEXP_LIKE(in_tick, '^[1-9][0-9]{3}-(0[1-9]|1[0-2])-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$') THEN
    -- The first of the month exists; the rest is added, and must be what was given.
    v_month_at := TIMESTAMP '2000-01-01 00:00:00'
      + NUMTOYMINTERVAL((TO_NUMBER(SUBSTR(in_tick, 1, 4)) - 2000) * 12 + TO_NUMBER(SUBSTR(in_tick, 6, 2)) - 1, 'MONTH');
    out_tick_at := v_month_at + {{ seconds("(TO_NUMBER(SUBSTR(in_tick, 9, 2)) - 1) * 86400 + TO_NUMBER(SUBSTR(in_tick, 12, 2)) * 3600
      + TO_NUMBER(SUBSTR(in_tick, 15, 2)) * 60 + TO_NUMBER(SUBSTR(in_tick, 18, 2))") }};
    IF {{ binary(tick_of("out_tick_at")) }} <> {{ binary("in_tick") }} THEN
      out_tick_at := NULL;
    END IF;
  END IF;
END read_tick;
