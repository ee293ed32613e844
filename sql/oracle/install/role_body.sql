CREATE OR REPLACE PACKAGE BODY {{ p }}{{ role }} AS
  -- {{ comment }}
{%- for entry in procedures if role in entry.role | default([]) %}
{%- set verb = routine(entry.name) %}

{{ verb.heading | indent(2, first=true) }}
  IS
  BEGIN
    {{ package }}.{{ entry.name }}(
{%- for parameter in verb.parameters %}
      {{ parameter.name }} => {{ parameter.name }}{{ "," if not loop.last }}
{%- endfor %}
    );
  END {{ entry.name }};
{%- endfor %}
END {{ p }}{{ role }};
