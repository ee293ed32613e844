PROCEDURE find_queue (
  in_namespace IN VARCHAR2,
  in_queue IN VARCHAR2,
  out_queue_id OUT NUMBER,
  out_paused OUT NUMBER
)
{%- if spec %};
/*
Internal: a queue's number, registered where it is new, and whether it is paused.
*/
{%- else %}
IS
  v_namespace VARCHAR2({{ limit.namespace }} CHAR) := COALESCE(in_namespace, '{{ default.namespace }}');
BEGIN
  BEGIN
    SELECT queue_id, CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END
    INTO out_queue_id, out_paused
    FROM {{ p }}queue
    WHERE {{ same("namespace", "v_namespace") }} AND {{ same("queue", "in_queue") }};
  EXCEPTION
    WHEN NO_DATA_FOUND THEN
      BEGIN
        out_paused := 0;
        INSERT INTO {{ p }}queue (queue_id, namespace, queue)
        VALUES ({{ p }}queue_seq.NEXTVAL, v_namespace, in_queue)
        RETURNING queue_id INTO out_queue_id;
      EXCEPTION
        WHEN DUP_VAL_ON_INDEX THEN
          SELECT queue_id, CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END
          INTO out_queue_id, out_paused
          FROM {{ p }}queue
          WHERE {{ same("namespace", "v_namespace") }} AND {{ same("queue", "in_queue") }};
      END;
  END;
END find_queue;
{%- endif %}
