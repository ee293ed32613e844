CREATE PROCEDURE {{ p }}lock_lanes (
  IN in_lanes LONGBLOB,
  IN in_limit INT,
  IN in_now {{ instant }},
  OUT out_claimed {{ text }},
  OUT out_parked {{ text }},
  OUT out_expired {{ text }},
  OUT out_full TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: locks due tasks of the queues that scan_tasks has found, which share in_limit: those to claim, those of
  closed queues to park, and those that fail. If the queues are more than in_limit, each gets its turn by chance.
  out_full is true if more may be due.
  */
  DECLARE v_left INT DEFAULT LEAST(in_limit, {{ claim_rows }});
  DECLARE v_bytes_left INT DEFAULT {{ limit.claim_bytes }};
  DECLARE v_due INT DEFAULT LENGTH(in_lanes) DIV {{ lane_width }};
  DECLARE v_share INT DEFAULT GREATEST(1, v_left DIV v_due);
  DECLARE v_bytes_share INT DEFAULT v_bytes_left DIV v_due;
  DECLARE v_place INT DEFAULT 0;
  DECLARE v_queue_id INT;
  DECLARE v_closed TINYINT;
  DECLARE v_is_parked TINYINT;
  DECLARE v_some INT;
  DECLARE v_more INT;
  DECLARE v_some_claimed {{ text }} DEFAULT '[]';
  DECLARE v_some_parked {{ text }} DEFAULT '[]';
  DECLARE v_some_expired {{ text }} DEFAULT '[]';

  SET out_claimed = '[]';
  SET out_parked = '[]';
  SET out_expired = '[]';
  SET out_full = v_due > v_left;
  SET v_due = LEAST(v_due, v_left);
  WHILE v_place < v_due DO
    SET v_queue_id = SUBSTR(in_lanes, {{ lane_width }} * v_place + 1, 10);
    SET v_closed = SUBSTR(in_lanes, {{ lane_width }} * v_place + 11, 1);
    SET v_is_parked = SUBSTR(in_lanes, {{ lane_width }} * v_place + 12, 1);
    SET v_place = v_place + 1;
    SET v_share = LEAST(v_share, v_left);
    SET v_some = 0;
    IF v_closed THEN
      IF v_is_parked THEN
        CALL {{ p }}lock_due_tasks(-v_queue_id, in_now, v_share, in_now, v_some_parked, v_some, v_some_expired);
      END IF;
      CALL {{ p }}lock_due_tasks(v_queue_id, in_now, v_share, in_now, v_some_parked, v_more, v_some_expired);
    ELSE
      IF v_is_parked THEN
        CALL {{ p }}lock_claim(
          -v_queue_id, {{ end_of_time }}, v_share, v_bytes_share, in_now, v_some_claimed, v_some, v_bytes_left, out_full,
          v_some_expired
        );
      END IF;
      CALL {{ p }}lock_claim(
        v_queue_id, in_now, v_share - v_some, v_bytes_share, in_now, v_some_claimed, v_more, v_bytes_left, out_full,
        v_some_expired
      );
      SET v_left = v_left - v_some - v_more;
    END IF;
    {{ add_gathered("out_claimed", "v_some_claimed", gathered) }};
    {{ add_gathered("out_parked", "v_some_parked", gathered) }};
    {{ add_gathered("out_expired", "v_some_expired", gathered) }};
  END WHILE;
  {{ add_gathered("out_claimed", "v_some_claimed", 2) }};
  {{ add_gathered("out_parked", "v_some_parked", 2) }};
  {{ add_gathered("out_expired", "v_some_expired", 2) }};
END
