CREATE OR REPLACE PACKAGE BODY {{ package }} AS
  -- {{ comment }}

  in_trigger EXCEPTION;
  PRAGMA EXCEPTION_INIT(in_trigger, -4092);
  in_distributed EXCEPTION;
  PRAGMA EXCEPTION_INIT(in_distributed, -2074);
  TYPE ids IS TABLE OF NUMBER INDEX BY PLS_INTEGER;
  TYPE process_names IS TABLE OF VARCHAR2({{ limit.relay }} CHAR) INDEX BY PLS_INTEGER;
  TYPE new_task IS RECORD (
    element NUMBER,
    is_object NUMBER,
    unknown_key VARCHAR2(4000),
    name VARCHAR2({{ limit.name }} CHAR),
    payload CLOB,
    delay NUMBER,
    interval_seconds NUMBER,
    queue VARCHAR2({{ limit.queue }} CHAR),
    namespace VARCHAR2({{ limit.namespace }} CHAR),
    order_no VARCHAR2({{ limit.order_no }} CHAR),
    deadline NUMBER,
    delete_deadline NUMBER,
    max_count NUMBER,
    on_failure VARCHAR2({{ limit.queue }} CHAR),
    keys VARCHAR2(11 CHAR),
    queue_id NUMBER,
    paused NUMBER,
    direct NUMBER
  );
  TYPE new_tasks IS TABLE OF new_task INDEX BY PLS_INTEGER;
  TYPE imported_task IS RECORD (
    element NUMBER,
    task_id NUMBER,
    name VARCHAR2({{ limit.name }} CHAR),
    queue VARCHAR2({{ limit.queue }} CHAR),
    namespace VARCHAR2({{ limit.namespace }} CHAR),
    status NUMBER,
    attempts NUMBER,
    max_count NUMBER,
    interval_seconds NUMBER,
    delete_deadline NUMBER,
    created NUMBER,
    started NUMBER,
    due NUMBER,
    deadline NUMBER,
    ended NUMBER,
    order_no VARCHAR2({{ limit.order_no }} CHAR),
    error CLOB,
    payload CLOB
  );
  TYPE imported_tasks IS TABLE OF imported_task INDEX BY PLS_INTEGER;
  TYPE ticking_schedule IS RECORD (
    namespace VARCHAR2({{ limit.namespace }} CHAR),
    schedule VARCHAR2({{ limit.schedule }} CHAR),
    revision NUMBER,
    every_seconds NUMBER,
    misfire VARCHAR2(4 CHAR),
    max_catch_up NUMBER,
    next_at {{ instant }}
  );
  TYPE ticking_schedules IS TABLE OF ticking_schedule INDEX BY PLS_INTEGER;
  TYPE due_queue IS RECORD (queue_id NUMBER, closed NUMBER);
  TYPE due_queues IS TABLE OF due_queue INDEX BY PLS_INTEGER;
  TYPE missing_queue IS RECORD (
    namespace VARCHAR2({{ limit.namespace }} CHAR), queue VARCHAR2({{ limit.queue }} CHAR), is_new NUMBER
  );
  TYPE missing_queues IS TABLE OF missing_queue INDEX BY PLS_INTEGER;
{%- for entry in procedures if "role" not in entry %}

{{ routine(entry.name).specification | indent(2, first=true) }}
{%- endfor %}
{%- for entry in procedures %}

{{ routine(entry.name).definition | indent(2, first=true) }}
{%- endfor %}
END {{ package }};
