PROCEDURE fail_expired (
  in_ids IN ids,
  in_now IN TIMESTAMP
)
{%- if spec %};
/*
Internal: fails tasks whose time is over.
*/
{%- else %}
IS
BEGIN
  FORALL i IN 1 .. in_ids.COUNT
    UPDATE {{ p }}task
    SET
      lane = 0,
      status = {{ status.failed }},
      ended_at = in_now,
      due_at = in_now + {{ keep_unfinished }}
    WHERE task_id = in_ids(i) AND lane <> 0 AND {{ expired("in_now") }};
END fail_expired;
{%- endif %}
