{#- For every template: what a session shows. -#}

{#- What V$SESSION shows of the call. -#}
{%- macro enter(verb) -%}
DBMS_APPLICATION_INFO.SET_MODULE('{{ package }}', '{{ verb }}')
{%- endmacro -%}
