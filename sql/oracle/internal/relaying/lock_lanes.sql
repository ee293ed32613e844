PROCEDURE lock_lanes (
  in_queues IN due_queues,
  in_limit IN NUMBER,
  in_now IN TIMESTAMP,
  out_claimed OUT ids,
  out_parked OUT ids,
  out_expired OUT ids,
  out_full OUT BOOLEAN
)
/*
Internal: locks due tasks of the queues that find_due_queues has found, which share in_limit: those to claim, those of
closed queues to park, and those that fail. If the queues are more than in_limit, each gets its turn by chance.
out_full is true if more may be due.
*/
IS
  v_left NUMBER := in_limit;
  v_bytes_left NUMBER := {{ limit.claim_bytes }};
  v_due NUMBER := GREATEST(1, in_queues.COUNT);
  v_share NUMBER := GREATEST(1, TRUNC(v_left / v_due));
  v_bytes_share NUMBER := TRUNC(v_bytes_left / v_due);
  v_queue_id NUMBER;
  v_some NUMBER;
  v_more NUMBER;
BEGIN
  out_full := in_queues.COUNT > v_left;
  FOR i IN 1 .. LEAST(in_queues.COUNT, v_left) LOOP
    v_queue_id := in_queues(i).queue_id;
    v_share := LEAST(v_share, v_left);
    IF in_queues(i).closed = 1 THEN
      lock_due_tasks(-v_queue_id, in_now, v_share, in_now, out_parked, v_some, out_expired);
      lock_due_tasks(v_queue_id, in_now, v_share, in_now, out_parked, v_more, out_expired);
    ELSE
      lock_claim(
        -v_queue_id, {{ end_of_time }}, v_share, v_bytes_share, in_now, out_claimed, v_some, v_bytes_left, out_full,
        out_expired
      );
      lock_claim(
        v_queue_id, in_now, v_share - v_some, v_bytes_share, in_now, out_claimed, v_more, v_bytes_left, out_full,
        out_expired
      );
      v_left := v_left - v_some - v_more;
    END IF;
  END LOOP;
END lock_lanes;
