CREATE OR REPLACE PACKAGE {{ p }}{{ role }} AUTHID DEFINER AS
  -- {{ comment }}
  -- The procedures of {{ package }} that the role {{ p }}{{ role }} may call, and nothing else.

  -- What they raise.
{{- exceptions() }}
{%- set spec = true %}
{%- for entry in procedures if role in entry.role | default([]) %}

{% filter indent(2, first=true) %}{% include entry.name ~ ".sql" %}{% endfilter %}
{%- endfor %}
END {{ p }}{{ role }};
