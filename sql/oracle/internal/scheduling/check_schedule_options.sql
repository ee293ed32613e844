PROCEDURE check_schedule_options (
  in_payload IN CLOB,
  in_misfire IN VARCHAR2,
  in_max_catch_up IN NUMBER,
  in_overlap IN VARCHAR2,
  in_owner IN VARCHAR2
)
/*
Internal: raises what of a schedule is not allowed, beside its times and what every task may have.
*/
IS
  v_has_tick NUMBER;
BEGIN
  SELECT COUNT(*)
  INTO v_has_tick
  FROM dual
  WHERE JSON_EXISTS(in_payload, '$."tick"');
  IF v_has_tick = 1 THEN
    {{ raise("reserved_key", "in_payload must not have the key tick") }};
  END IF;
  IF {{ binary("in_misfire") }} NOT IN ({{ binary("'skip'") }}, {{ binary("'once'") }}, {{ binary("'all'") }}) THEN
    {{ raise("invalid_argument", "misfire must be skip, once or all") }};
  END IF;
  IF {{ no_integer("in_max_catch_up", 1, limit.catch_up) }} THEN
    {{ raise("invalid_argument", "max_catch_up must be a whole number, 1 to %d" % limit.catch_up) }};
  END IF;
  IF {{ binary("in_overlap") }} NOT IN ({{ binary("'allow'") }}, {{ binary("'skip'") }}) THEN
    {{ raise("invalid_argument", "overlap must be allow or skip") }};
  END IF;
  IF in_owner IS NOT NULL AND ({{ no_name("in_owner", limit.owner) }}) THEN
    {{ raise("invalid_argument", "owner " ~ name_rule(limit.owner)) }};
  END IF;
END check_schedule_options;
