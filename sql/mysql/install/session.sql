-- The mode is stored with each procedure, so that it does the same whatever the caller's session says. The others
-- are the session's own: an installation changes rows without a key, and reads all that it asks for.
SET SESSION
  sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
  sql_safe_updates = 0,
  sql_select_limit = 18446744073709551615
