CREATE OR REPLACE PACKAGE {{ p }}{{ role }} AUTHID DEFINER AS
  -- {{ comment }}
  -- The procedures of {{ package }} that the role {{ p }}{{ role }} may call, and nothing else.

  -- The errors that they raise.
{{- exceptions() }}
{%- for entry in procedures if role in entry.role | default([]) %}

{{ routine(entry.name).specification | indent(2, first=true) }}
{%- endfor %}
END {{ p }}{{ role }};
