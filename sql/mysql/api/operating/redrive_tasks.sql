CREATE PROCEDURE {{ p }}redrive_tasks (
  IN in_queue {{ text }},
  IN in_namespace {{ text }},
  IN in_age BIGINT,
  IN in_limit BIGINT,
  OUT out_redriven INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Makes tasks due again that are queued and waiting, in one short transaction: for when Redis has lost their
  messages. All others keep their times: a delay, the delay after a failure, the push grace. Call it until it
  redrives fewer than it may.

  Parameters
    in_queue      of this queue; NULL is any
    in_namespace  of this namespace; NULL is any
    in_age        queued at least so many seconds ago, 0 to {{ limit.seconds }}; NULL is 0. Relays claim what
                  was redriven: who calls again passes the seconds since the first call
    in_limit      most tasks to redrive, 1 to {{ limit.rows }}
  Result
    out_redriven  how many are due again
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  DECLARE v_now {{ instant }};
  DECLARE v_left BIGINT DEFAULT in_limit;

  {{ check_integer("in_age", 0, limit.seconds, " (seconds)", or_null=true) }};
  {{ check_integer("in_limit", 1, limit.rows) }};

  CALL {{ p }}begin_work();
  SET v_now = {{ now }};

  BEGIN
    DECLARE v_queue_id INT;
    DECLARE v_ids {{ text }};
    DECLARE v_some INT;
    DECLARE v_done TINYINT DEFAULT FALSE;
    DECLARE c_queues CURSOR FOR
      SELECT queue_id
      FROM {{ p }}queue
      WHERE (in_queue IS NULL OR queue = in_queue)
        AND (in_namespace IS NULL OR namespace = in_namespace);
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    OPEN c_queues;
    each_queue: LOOP
      FETCH c_queues INTO v_queue_id;
      IF v_done OR v_left = 0 THEN
        LEAVE each_queue;
      END IF;

      {{ settled }} SELECT JSON_ARRAYAGG(task_id), COUNT(*)
      INTO v_ids, v_some
      FROM (
        SELECT task_id
        FROM {{ p }}task FORCE INDEX (due) /* R1 */
        WHERE lane = v_queue_id
          AND due_at > v_now
          AND status = {{ status.waiting }}
          AND batch_id > 0
          -- A time that lies well ahead is one from before the clock was set back.
          AND (ended_at <= v_now - INTERVAL COALESCE(in_age, 0) SECOND OR ended_at > v_now + INTERVAL 1 MINUTE)
        ORDER BY due_at
        LIMIT v_left
        FOR UPDATE SKIP LOCKED /* R11 */
      ) AS queued;

      {{ settled }} UPDATE JSON_TABLE(v_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
      SET
        task.due_at = v_now,
        task.batch_id = 0;
      SET v_left = v_left - v_some;
    END LOOP;
    CLOSE c_queues;
    {{ commit }};
  END;
  SET out_redriven = in_limit - v_left;
  SELECT out_redriven AS redriven;
END
