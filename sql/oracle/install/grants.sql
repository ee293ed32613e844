-- Roles with the least that each needs: EXECUTE on a package with its procedures, and nothing on the tables.
-- Operators and monitors read views; app is producer and worker in one. Run this as the schema's owner, with the privilege CREATE ROLE.
-- Then for each account, by somebody who may (here for the role {{ p }}app):
--   GRANT {{ p }}app TO account
--   CREATE SYNONYM account.{{ package }} FOR owner.{{ p }}app
-- so that {{ package }}.create_task is the same for every account. Operators need a synonym for each view, too. An
-- account that serves several roles gets EXECUTE on the package {{ package }} itself instead.
{%- for role in roles %}

CREATE ROLE {{ p }}{{ role }};
{%- if role in callers %}
GRANT EXECUTE ON {{ p }}{{ role }} TO {{ p }}{{ role }};
{%- endif %}
{%- for entry in index.view if role in entry.role | default([]) %}
GRANT SELECT ON {{ p }}{{ entry.name }} TO {{ p }}{{ role }};
{%- endfor %}
{%- endfor %}
