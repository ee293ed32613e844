{#- For every template: which queues there may be, and which have tasks. -#}

{%- set not_allowed = "must fit the queue_pattern of this installation, or be registered already" -%}
{%- set too_many = "new queues would be more than max_queues allows, which is %d" % max_queues -%}

{#- Whether a new queue may have this name. LIKE would follow the session's NLS_COMP; behind the full stop there is no
    line end that the dollar sign would pass over. -#}
{%- macro is_allowed(name) -%}
REGEXP_LIKE({{ name }} || '.', '^({{ queue_patterns | map("escaped", "\\.^$+?()[]{}|", "\\") | map("replace", "*", ".*") | map("escaped", "'", "'")
    | join(")[.]$', 'cn') OR REGEXP_LIKE(%s || '.', '^(" % name) }})[.]$', 'cn')
{%- endmacro -%}

{#- Whether a queue has an active task, parked ones included. -#}
{%- macro has_active(queue_id) -%}
(EXISTS (SELECT 1 FROM {{ p }}task task WHERE task.lane = {{ queue_id }})
      OR EXISTS (SELECT 1 FROM {{ p }}task task WHERE task.lane = -{{ queue_id }}))
{%- endmacro -%}
