{#- For every template: what a session shows. -#}

{#- What V$SESSION shows of the call. -#}
{%- macro enter(verb) -%}
DBMS_APPLICATION_INFO.SET_MODULE('{{ package }}', '{{ verb }}')
{%- endmacro -%}

{#- O6. The place to which a call of several changes goes back. In a trigger and in a distributed transaction there is none. -#}
{%- macro set_point(verb) -%}
BEGIN
    SAVEPOINT {{ p }}{{ verb }}; /* O6 */
  EXCEPTION
    WHEN in_trigger OR in_distributed THEN
      v_point := FALSE;
  END
{%- endmacro -%}
{%- macro go_back(verb) -%}
IF v_point THEN
        ROLLBACK TO {{ p }}{{ verb }};
      END IF;
      RAISE
{%- endmacro -%}
