FUNCTION json_array_of (
  in_ids IN ids
)
RETURN CLOB
/*
Internal: ids as a JSON array.
*/
IS
  v_array CLOB;
  v_part VARCHAR2(32767);
BEGIN
  FOR i IN 1 .. in_ids.COUNT LOOP
    v_part := v_part || CASE WHEN i > 1 THEN ',' END || TO_CHAR(in_ids(i));
    IF LENGTH(v_part) > 32000 THEN
      v_array := v_array || v_part;
      v_part := NULL;
    END IF;
  END LOOP;
  RETURN '[' || v_array || v_part || ']';
END json_array_of;
