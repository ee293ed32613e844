FUNCTION json_depth (
  in_json IN CLOB
)
RETURN NUMBER
/*
Internal: how deeply a JSON text is nested, 0 if that does not matter. All between the brackets is removed until
only they are left, then the innermost pairs as often as there are any.
*/
IS
  v_brackets CLOB;
  v_depth PLS_INTEGER := 0;
BEGIN
  -- So deep takes more than so many brackets of one of the two kinds.
  IF INSTR(in_json, '{', 1, {{ limit.depth // 2 + 1 }}) = 0 AND INSTR(in_json, '[', 1, {{ limit.depth // 2 + 1 }}) = 0 THEN
    RETURN 0;
  END IF;
  v_brackets := REGEXP_REPLACE(REPLACE(REPLACE(in_json, '\\'), '\"'), '"[^"]*"');
  v_brackets := REPLACE(REPLACE(REGEXP_REPLACE(v_brackets, '[^][{}]'), '{', '['), '}', ']');
  WHILE LENGTH(v_brackets) > 0 AND v_depth <= {{ limit.depth }} LOOP
    v_brackets := REPLACE(v_brackets, '[]');
    v_depth := v_depth + 1;
  END LOOP;
  RETURN v_depth;
END json_depth;
