-- One row a schedule: what it makes, when next and when last, and what became of the last task. `next_at` of a new cron
-- schedule is known when a relay or a worker has computed it. Times are UTC.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW {{ p }}schedule_list AS
SELECT
  schedule.namespace, schedule.schedule, schedule.revision, schedule.every_seconds, schedule.cron, schedule.zone,
  schedule.misfire, schedule.max_catch_up, schedule.overlap, schedule.owner,
  schedule.name, schedule.queue, schedule.payload, schedule.interval_seconds,
  schedule.deadline, schedule.delete_deadline, schedule.max_count, schedule.on_failure,
  schedule.paused_at,
  IF(schedule.paused_at IS NULL AND schedule.next_at < {{ end_of_time }}, schedule.next_at, NULL) AS next_at,
  IF(
    schedule.paused_at IS NULL, GREATEST(0, TIMESTAMPDIFF(MICROSECOND, schedule.next_at, {{ now }})) / 1000000, 0
  ) AS lag_seconds,
  schedule.last_at, schedule.last_task_id, task.status AS last_status, schedule.last_error
FROM {{ p }}schedule AS schedule
LEFT JOIN {{ p }}task AS task ON task.task_id = schedule.last_task_id
