-- qtask-db {{ version }}: the whole schema, for the mysql or mariadb client:
--   mysql --comments --database=NAME < this-file
-- It can be run again, and over the schema of an older version: what is there already of the tables is left as
-- it is. EXECUTE grants on the procedures are lost with the procedures that it drops, which calls miss for a moment;
-- run the script of the grants afterwards.
SET NAMES utf8mb4;
{% include "session.sql" %};
{% for table in tables %}
{{ table }};
{% endfor %}
DELIMITER $$
{% for object in objects %}
{%- if object.kind != "view" %}
DROP {{ object.kind | upper }} IF EXISTS {{ object.name }}$$
{%- endif %}
{{ object.text }}$$
{% endfor %}
DELIMITER ;
{% for entry in index.retired %}
DROP PROCEDURE IF EXISTS {{ p }}{{ entry.name }};
{%- endfor %}
{% for name, value in notes.items() %}
REPLACE INTO {{ p }}setting (name, value) VALUES ('{{ name }}', '{{ value | escaped("\\'", "\\") }}');
{%- endfor %}
