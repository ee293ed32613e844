CREATE PROCEDURE {{ p }}resume_queue (
  IN in_queue {{ text }},
  IN in_namespace {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Resumes a paused queue; what waited is handed out by the next scans. A queue that is not paused stays as it is.

  Parameters
    in_queue      name of the queue, 1 to {{ limit.queue }} characters
    in_namespace  1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  DECLARE v_queue_id INT;

  CALL {{ p }}check_queue(in_queue, in_namespace);
  SELECT queue_id
  INTO v_queue_id
  FROM {{ p }}queue
  WHERE namespace = COALESCE(in_namespace, '{{ default.namespace }}') AND queue = in_queue;
  IF v_queue_id IS NULL THEN
    INSERT INTO {{ p }}queue (namespace, queue, paused_at)
    VALUES (COALESCE(in_namespace, '{{ default.namespace }}'), in_queue, NULL)
    ON DUPLICATE KEY UPDATE paused_at = NULL;
  ELSE
    -- By its number: the entry of its name is read, and so locked, where tasks are created.
    UPDATE {{ p }}queue
    SET paused_at = NULL
    WHERE queue_id = v_queue_id;
  END IF;
END
