-- Three roles. A package is executed as a whole, so each of them may call every procedure of it, and none may touch
-- a table; operators read the views, too.
-- Run this as the schema's owner, with the privilege CREATE ROLE, then for each account:  GRANT {{ p }}app TO account;
-- An account calls OWNER.{{ package }}.create_task, or its session sets CURRENT_SCHEMA to the owner first.
{%- for role in roles %}

CREATE ROLE {{ p }}{{ role }};
GRANT EXECUTE ON {{ package }} TO {{ p }}{{ role }};
{%- for entry in index.view if role in entry.role | default([]) %}
GRANT SELECT ON {{ p }}{{ entry.name }} TO {{ p }}{{ role }};
{%- endfor %}
{%- endfor %}
