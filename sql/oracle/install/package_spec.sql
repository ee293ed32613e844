CREATE OR REPLACE PACKAGE {{ package }} AUTHID DEFINER AS
  -- {{ comment }}

  -- The status of a task.
{%- for name, code in status.items() %}
  status_{{ name }} CONSTANT NUMBER := {{ code }};
{%- endfor %}

  -- The errors that the procedures raise.
{{- exceptions() }}

  -- A row of the bulk calls' results; those of create_tasks have no element.
  TYPE created_task IS RECORD (element NUMBER, task_id NUMBER, created NUMBER, pushable NUMBER);
  TYPE created_tasks IS TABLE OF created_task INDEX BY PLS_INTEGER;
  TYPE created_range IS RECORD (task_id NUMBER, step NUMBER, tasks NUMBER, created NUMBER, pushable NUMBER);
  TYPE created_ranges IS TABLE OF created_range INDEX BY PLS_INTEGER;
  TYPE started_task IS RECORD (task_id NUMBER, attempt NUMBER, interval_seconds NUMBER);
  TYPE started_tasks IS TABLE OF started_task INDEX BY PLS_INTEGER;
  TYPE received_task IS RECORD (
    task_id NUMBER, attempt NUMBER, interval_seconds NUMBER, queue VARCHAR2({{ limit.queue }} CHAR), payload CLOB
  );
  TYPE received_tasks IS TABLE OF received_task INDEX BY PLS_INTEGER;
  TYPE refused_task IS RECORD (task_id NUMBER, attempt NUMBER, error_number NUMBER);
  TYPE refused_tasks IS TABLE OF refused_task INDEX BY PLS_INTEGER;
  TYPE ended_attempt IS RECORD (task_id NUMBER, attempt NUMBER, error_number NUMBER, status NUMBER);
  TYPE ended_attempts IS TABLE OF ended_attempt INDEX BY PLS_INTEGER;
{%- for entry in procedures if "role" in entry %}

{{ routine(entry.name).specification | indent(2, first=true) }}
{%- endfor %}
END {{ package }};
