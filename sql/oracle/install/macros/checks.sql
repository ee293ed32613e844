{#- For every template: errors, and the rules for an argument. -#}

{%- macro raise(name, message, before="") -%}
RAISE_APPLICATION_ERROR(-{{ error[name] }}, {{ before }}'{{ message }}')
{%- endmacro -%}

{#- No character has less than a byte, and to count those of a CLOB needs no look at it. -#}
{%- macro bytes_at_most(argument, most) -%}
IF LENGTH({{ argument }}) > {{ most }} THEN
    {{ raise("invalid_argument", "%s must have at most %d bytes" % (argument, most)) }};
  END IF
{%- endmacro -%}

{#- 32 is a blank. -#}
{%- macro no_name(value, length) -%}
{{ value }} IS NULL OR LENGTH({{ value }}) > {{ length }} OR ASCII({{ value }}) = 32 OR ASCII(SUBSTR({{ value }}, -1)) = 32
{%- endmacro -%}
{%- macro no_integer(value, low, high) -%}
{{ value }} NOT BETWEEN {{ low }} AND {{ high }} OR {{ value }} <> TRUNC({{ value }})
{%- endmacro -%}

{#- The rules for an argument, each with what it says. -#}
{%- macro name_rule(length, kind="have") -%}
must {{ kind }} 1 to {{ length }} characters, no blank at either end
{%- endmacro -%}
{%- macro check_name(argument, length, or_null=false) -%}
IF {{ "%s IS NOT NULL AND (%s)" % (argument, no_name(argument, length)) if or_null else no_name(argument, length) }} THEN
    {{ raise("invalid_argument", argument ~ " " ~ name_rule(length)) }};
  END IF
{%- endmacro -%}
{%- macro check_integer(argument, low, high, unit="", or_null=false) -%}
IF {{ "" if or_null else argument ~ " IS NULL OR " }}{{ no_integer(argument, low, high) }} THEN
    {{ raise("invalid_argument", "%s must be %s%d to %d%s" % (argument, "NULL or " if or_null else "", low, high, unit)) }};
  END IF
{%- endmacro -%}

{#- O13. Whether ORA-00001 speaks of an index or a trigger of the user's own, and not of the index of order numbers. -#}
{%- set is_other_index -%}
REGEXP_LIKE(SQLERRM, '\([^()]+\.[^()]+\)') AND INSTR(SQLERRM, '.{{ (p ~ "active_order") | upper }})') = 0
{%- endset -%}

{#- Whether a foreign key that refers to the row, or a trigger that says no, has refused a change. -#}
{%- set is_refusal = "SQLCODE = -2292 OR SQLCODE BETWEEN -20999 AND -20000" -%}

{#- As the number of its error, so that callers can catch each by name. -#}
{%- macro exceptions() -%}
{%- for name, number in error.items() %}
  {{ name }} EXCEPTION;
  PRAGMA EXCEPTION_INIT({{ name }}, -{{ number }});
{%- endfor %}
{%- endmacro -%}

{#- Before version 21, IS JSON alone means an object or an array; from then on a scalar, too. -#}
{%- macro is_json(value, bracket) -%}
{{ value }} IS JSON STRICT AND REGEXP_LIKE({{ value }}, '^[' || CHR(9) || CHR(10) || CHR(13) || ' ]*\{{ bracket }}')
{%- endmacro -%}
