FUNCTION utf8_length (
  in_text IN CLOB
)
RETURN NUMBER
/*
Internal: the bytes of a text in UTF-8, whatever the character set of the database is.
*/
IS
  v_utf8 BLOB;
  v_to INTEGER := 1;
  v_from INTEGER := 1;
  v_language INTEGER := DBMS_LOB.DEFAULT_LANG_CTX;
  v_warning INTEGER;
  v_length NUMBER;
BEGIN
  DBMS_LOB.CREATETEMPORARY(v_utf8, TRUE, DBMS_LOB.CALL);
  DBMS_LOB.CONVERTTOBLOB(
    v_utf8, in_text, DBMS_LOB.LOBMAXSIZE, v_to, v_from, NLS_CHARSET_ID('AL32UTF8'), v_language, v_warning
  );
  v_length := DBMS_LOB.GETLENGTH(v_utf8);
  DBMS_LOB.FREETEMPORARY(v_utf8);
  RETURN v_length;
END utf8_length;
