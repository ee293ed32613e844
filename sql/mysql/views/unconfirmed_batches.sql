-- The batches that a relay has claimed and not confirmed: more than a few, or one past its lease, needs a look.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW {{ p }}unconfirmed_batches AS
SELECT
  batch_id, relay, claimed_at, lapses_at,
  lapses_at <= {{ now }} AS lapsed,
  JSON_LENGTH(task_ids) AS tasks
FROM {{ p }}batch
