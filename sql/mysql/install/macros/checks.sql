{#- For every template: errors, and the rules for an argument. -#}

{%- macro raise(name, message) -%}
SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {{ error[name] }}, MESSAGE_TEXT = '{{ message }}'
{%- endmacro -%}

{#- R23. Whether an error 1062 speaks of the key of order numbers, and not of an index or a trigger of the user's own. -#}
{%- macro is_duplicate(message) -%}
LOCATE('active_order', {{ message }}) > 0
{%- endmacro -%}

{#- Before the text is read as JSON, of which MySQL makes many times as much. -#}
{%- macro bytes_at_most(argument, most) -%}
IF LENGTH({{ argument }}) > {{ most }} THEN
    {{ raise("invalid_argument", "%s must have at most %d bytes" % (argument, most)) }};
  END IF
{%- endmacro -%}

{#- The rules for an argument, each with what it says. -#}
{%- macro name_rule(length, kind="have") -%}
must {{ kind }} 1 to {{ length }} characters, no blank at either end
{%- endmacro -%}
{%- macro check_name(argument, length, or_null=false) -%}
IF {{ "" if or_null else argument ~ " IS NULL OR " }}CHAR_LENGTH({{ argument }}) NOT BETWEEN 1 AND {{ length }}
    OR ' ' IN (LEFT({{ argument }}, 1), RIGHT({{ argument }}, 1)) THEN
    {{ raise("invalid_argument", argument ~ " " ~ name_rule(length)) }};
  END IF
{%- endmacro -%}
{%- macro check_integer(argument, low, high, unit="", or_null=false) -%}
IF {{ "" if or_null else argument ~ " IS NULL OR " }}{{ argument }} NOT BETWEEN {{ low }} AND {{ high }} THEN
    {{ raise("invalid_argument", "%s must be %s%d to %d%s" % (argument, "NULL or " if or_null else "", low, high, unit)) }};
  END IF
{%- endmacro -%}

{#- A key of an object of options: its value into a variable, unless it is absent or null. -#}
{%- macro name_option(key, length, kind="have") -%}
SET v_value = JSON_EXTRACT(in_options, '$.{{ key }}');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) <> 'STRING'
      OR CHAR_LENGTH(JSON_UNQUOTE(v_value)) NOT BETWEEN 1 AND {{ length }}
      OR ' ' IN (LEFT(JSON_UNQUOTE(v_value), 1), RIGHT(JSON_UNQUOTE(v_value), 1)) THEN
      {{ raise("invalid_argument", key ~ " " ~ name_rule(length, kind)) }};
    END IF;
    SET out_{{ key }} = JSON_UNQUOTE(v_value);
  END IF
{%- endmacro -%}
{%- macro word_option(key, words, listed) -%}
SET v_value = JSON_EXTRACT(in_options, '$.{{ key }}');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) <> 'STRING' OR CAST(JSON_UNQUOTE(v_value) AS BINARY) NOT IN ({{ words }}) THEN
      {{ raise("invalid_argument", "%s must be %s" % (key, listed)) }};
    END IF;
    SET out_{{ key }} = JSON_UNQUOTE(v_value);
  END IF
{%- endmacro -%}
{%- macro number_option(key, low, high, unit="", object="in_options", into="out_") -%}
SET v_value = JSON_EXTRACT({{ object }}, '$.{{ key }}');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF v_value NOT REGEXP '\\A-?[0-9]+(\\.0+)?\\z' OR v_value NOT BETWEEN {{ low }} AND {{ high }} THEN
      {{ raise("invalid_argument", "%s%s must be a whole number, %d to %d%s"
        % ("" if object == "in_options" else object ~ ": ", key, low, high, unit)) }};
    END IF;
    SET {{ into }}{{ key }} = v_value;
  END IF
{%- endmacro -%}

{%- set json_errors = "3140, 3141, 3151, 3157" -%}
{#- The list of the queues that are held back. -#}
{%- set check_held -%}
{{ bytes_at_most("in_held", limit.held) }};
  IF NOT JSON_VALID(COALESCE(in_held, '[]')) OR JSON_TYPE(COALESCE(in_held, '[]')) <> 'ARRAY' THEN
    {{ raise("invalid_argument", "in_held must be NULL or a JSON array of queue names") }};
  END IF;
  IF JSON_LENGTH(in_held) > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_held must have at most %d names" % limit.rows) }};
  END IF
{%- endset -%}
