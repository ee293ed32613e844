{#- For every template: which queues there may be, and which have tasks. -#}

{%- set not_allowed = "must fit the queue_pattern of this installation, or be registered already" -%}
{%- set too_many = "new queues would be more than max_queues allows, which is %d" % max_queues -%}

{#- Whether a new queue may have this name. -#}
{%- macro is_allowed(name) -%}
({{ name }} LIKE '{{ queue_patterns | map("escaped", "!%_", "!") | map("replace", "*", "%") | map("escaped", "\\'", "\\")
          | join("' ESCAPE '!' OR %s LIKE '" % name) }}' ESCAPE '!')
{%- endmacro -%}

{#- Whether a queue has an active task, parked ones included. -#}
{%- macro has_active(queue_id) -%}
COALESCE((
        SELECT lane FROM {{ p }}task FORCE INDEX (due) /* R2 */ WHERE lane = {{ queue_id }} ORDER BY lane, due_at LIMIT 1
      ), (
        SELECT lane FROM {{ p }}task FORCE INDEX (due) /* R2 */ WHERE lane = -{{ queue_id }} ORDER BY lane, due_at LIMIT 1
      ), 0) <> 0
{%- endmacro -%}
