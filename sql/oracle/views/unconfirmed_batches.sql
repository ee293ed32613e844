-- The batches that a relay has claimed and not confirmed: more than a few, or one past its lease, needs a look.
CREATE OR REPLACE VIEW {{ p }}unconfirmed_batches AS
SELECT
  batch_id, relay, claimed_at, lapses_at,
  CASE WHEN lapses_at <= {{ now }} THEN 1 ELSE 0 END AS lapsed,
  REGEXP_COUNT(task_ids, ',') + 1 AS tasks
FROM {{ p }}batch
