CREATE OR REPLACE PACKAGE BODY {{ p }}{{ role }} AS
  -- {{ comment }}
{%- set spec = true %}
{%- for entry in procedures if role in entry.role | default([]) %}
{%- set declaration %}{% include entry.name ~ ".sql" %}{% endset %}
{%- set signature = declaration.split("\n);")[0].splitlines() %}

  {{ signature | join("\n  ") }}
  )
  IS
  BEGIN
    {{ package }}.{{ entry.name }}(
{%- for parameter in signature[1:] %}
      {{ parameter.split()[0] }} => {{ parameter.split()[0] }}{{ "," if not loop.last }}
{%- endfor %}
    );
  END {{ entry.name }};
{%- endfor %}
END {{ p }}{{ role }};
