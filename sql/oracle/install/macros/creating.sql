{#- For every template: new tasks. -#}

{#- The columns of a new task, and what they are filled with. -#}
{%- set new_task_columns = "task_id, lane, queue_id, status, name, order_no, payload, interval_seconds,
        delete_deadline, max_count, created_at, deadline_at, due_at, on_failure" -%}
{%- macro new_task_values(given) -%}
{{ p }}task_seq.NEXTVAL, {{ given }}queue_id, {{ given }}queue_id, {{ status.waiting }},
        {{ given }}name, {{ given }}order_no, {{ given }}payload, {{ given }}interval_seconds,
        COALESCE({{ given }}delete_deadline, {{ default.delete_deadline }}),
        COALESCE({{ given }}max_count, {{ default.max_count }}),
        v_now,
        v_now + {{ seconds("COALESCE(%sdeadline, %d)" % (given, default.deadline)) }},
        v_now + {{ seconds("LEAST(
          COALESCE(%sdelay, CASE %sdirect WHEN 1 THEN 0 ELSE %d END), COALESCE(%sdeadline, %d)
        )" % (given, given, push_grace, given, default.deadline)) }},
        {{ given }}on_failure
{%- endmacro -%}
