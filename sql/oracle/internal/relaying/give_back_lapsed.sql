PROCEDURE give_back_lapsed (
  in_now IN TIMESTAMP
)
/*
Internal: gives back one batch whose lease has run out unconfirmed; the next scan finds the next one.
*/
IS
  CURSOR c_lapsed IS
    SELECT batch_id
    FROM {{ p }}batch
    WHERE lapses_at <= in_now
    ORDER BY lapses_at
    FOR UPDATE SKIP LOCKED; /* O1 */
  v_batch_id NUMBER;
BEGIN
  OPEN c_lapsed;
  FETCH c_lapsed INTO v_batch_id;
  CLOSE c_lapsed;
  IF v_batch_id IS NOT NULL THEN
    give_back(v_batch_id);
  END IF;
END give_back_lapsed;
