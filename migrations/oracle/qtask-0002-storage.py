"""Room for more transactions in the blocks that many change at once, and a cache for long error
texts, as for payloads.

In tables that are in use storage is the DBA's: nothing changes there.
"""

from yoyo import step

from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

steps = [
    step(f"""
BEGIN
  FOR v_table IN (
    SELECT table_name
    FROM user_tables
    WHERE table_name = UPPER('{p}task') AND NOT EXISTS (SELECT 1 FROM {p}task)
  ) LOOP
    EXECUTE IMMEDIATE 'ALTER TABLE {p}task INITRANS 10';
    EXECUTE IMMEDIATE 'ALTER TABLE {p}task MODIFY LOB (last_error) (CACHE)';
  END LOOP;
  FOR v_index IN (
    SELECT index_name
    FROM user_indexes
    WHERE index_name = UPPER('{p}due') AND partitioned = 'NO' AND NOT EXISTS (SELECT 1 FROM {p}task)
  ) LOOP
    EXECUTE IMMEDIATE 'ALTER INDEX {p}due INITRANS 10';
  END LOOP;
END;
""")  # noqa: S608 - the prefix is validated
]
