-- Roles with the least that each needs: EXECUTE on its procedures, nothing on the tables. app is producer and
-- worker in one.
-- Roles belong to the whole server: two schemas with one prefix would share them.
-- Run this in the schema's database, then for each account:  GRANT '{{ p }}app' TO 'account'@'host';
-- and make the role active at login:  SET DEFAULT ROLE '{{ p }}app' TO 'account'@'host';
-- (MariaDB: SET DEFAULT ROLE '{{ p }}app' FOR 'account'@'host';)
{%- for role in roles %}

CREATE ROLE IF NOT EXISTS '{{ p }}{{ role }}';
{%- for entry in index.procedure if role in entry.role | default([]) %}
GRANT EXECUTE ON PROCEDURE {{ p }}{{ entry.name }} TO '{{ p }}{{ role }}';
{%- endfor %}
{%- for entry in index.view if role in entry.role | default([]) %}
GRANT SELECT ON {{ p }}{{ entry.name }} TO '{{ p }}{{ role }}';
{%- endfor %}
{%- endfor %}
