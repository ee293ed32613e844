-- qtask-db {{ version }}: the whole schema, for SQL*Plus or SQLcl:
--   sqlplus user@service @this-file
-- It can be run again, and over the schema of an older version: what is there already of tables, columns, indexes
-- and sequences is left as it is, and ORA-00955 or ORA-01430 says so. Grants on packages and views are kept.
SET DEFINE OFF
SET SQLBLANKLINES ON
WHENEVER SQLERROR CONTINUE
{% for table in tables %}
{{ table }}
/
{% endfor %}
{%- for object in objects %}
{%- if object.kind == "event" %}
BEGIN
  DBMS_SCHEDULER.DROP_JOB('{{ object.name }}', force => TRUE);
EXCEPTION
  WHEN OTHERS THEN
    -- There is none.
    IF SQLCODE <> -27475 THEN
      RAISE;
    END IF;
END;
/
{%- endif %}
{{ object.text }}
/
{%- if object.kind in ("package_spec", "package_body") %}
SHOW ERRORS
{%- endif %}
{% endfor %}
{%- for name, value in notes.items() %}
MERGE INTO {{ p }}setting kept
USING (SELECT '{{ name }}' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '{{ value | escaped("'", "'") }}'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('{{ name }}', '{{ value | escaped("'", "'") }}')
/
{%- endfor %}
COMMIT;
