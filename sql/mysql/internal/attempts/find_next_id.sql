CREATE PROCEDURE {{ p }}find_next_id (
  OUT out_next_id BIGINT UNSIGNED
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: the number that the next task will have at least. No lock and no snapshot is in its way. MySQL keeps what
  it has said last, unless the session forbids it.
  */
  DECLARE v_expiry INT DEFAULT 0 /*!80000 + @@SESSION.information_schema_stats_expiry */;

  SET /*!80000 SESSION information_schema_stats_expiry = 0, */ out_next_id = NULL;
  SELECT AUTO_INCREMENT /* R19 */
  INTO out_next_id
  FROM information_schema.TABLES
  WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{{ p }}task';
  SET /*!80000 SESSION information_schema_stats_expiry = v_expiry, */ out_next_id = COALESCE(out_next_id, ~0);
END
