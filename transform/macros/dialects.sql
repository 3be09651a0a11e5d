{#- All that PostgreSQL and DuckDB say differently. The first of each two is PostgreSQL's. -#}

{% macro type_of(kind) %}
    {{- return(adapter.dispatch("type_of", "tap_intercom")(kind)) -}}
{% endmacro %}

{% macro default__type_of(kind) %}
    {{- return({
        "text": "text", "pointer": "text", "time": "timestamp", "date": "date",
        "integer": "bigint", "number": "double precision", "boolean": "boolean", "json": "jsonb",
    }[kind]) -}}
{% endmacro %}

{% macro duckdb__type_of(kind) %}
    {{- return("json" if kind == "json" else default__type_of(kind)) -}}
{% endmacro %}


{#- A column as JSON, whatever type the loader gave it. -#}
{% macro as_json(column, type) %}
    {{- return(adapter.dispatch("as_json", "tap_intercom")(column, type)) -}}
{% endmacro %}

{% macro default__as_json(column, type) %}
    {%- if type == "jsonb" -%}
        {{ return(column) }}
    {%- elif type == "array" or type.endswith("[]") -%}
        {{ return("to_jsonb(" ~ column ~ ")") }}
    {%- else -%}
        {{ return("cast(" ~ column ~ " as jsonb)") }}
    {%- endif -%}
{% endmacro %}

{% macro duckdb__as_json(column, type) %}
    {%- if type == "json" -%}
        {{ return(column) }}
    {%- elif type in ("varchar", "text") -%}
        {{ return("cast(" ~ column ~ " as json)") }}
    {%- else -%}
        {{ return("to_json(" ~ column ~ ")") }}
    {%- endif -%}
{% endmacro %}


{#- What is in JSON at a list of names: as JSON, or as text. JSON's null is null. -#}
{% macro json_at(value, names) %}
    {{- return(adapter.dispatch("json_at", "tap_intercom")(value, names)) -}}
{% endmacro %}

{% macro default__json_at(value, names) %}
    {%- set inside = value ~ " #> '{" ~ names | join(",") ~ "}'" if names else value -%}
    {{ return("nullif(" ~ inside ~ ", 'null')") }}
{% endmacro %}

{% macro duckdb__json_at(value, names) %}
    {%- set inside = "json_extract(" ~ value ~ ", '" ~ duckdb_path(names) ~ "')" -%}
    {{ return("case when json_type(" ~ inside ~ ") <> 'NULL' then " ~ inside ~ " end") }}
{% endmacro %}

{% macro text_at(value, names) %}
    {{- return(adapter.dispatch("text_at", "tap_intercom")(value, names)) -}}
{% endmacro %}

{% macro default__text_at(value, names) %}
    {{- return("(" ~ value ~ " #>> '{" ~ names | join(",") ~ "}')") -}}
{% endmacro %}

{% macro duckdb__text_at(value, names) %}
    {{- return("json_extract_string(" ~ value ~ ", '" ~ duckdb_path(names) ~ "')") -}}
{% endmacro %}

{% macro duckdb_path(names) %}
    {%- set quoted = [] -%}
    {%- for name in names -%}
        {%- do quoted.append("[" ~ name ~ "]" if name.isdigit() else '."' ~ name ~ '"') -%}
    {%- endfor -%}
    {{- return("$" ~ quoted | join("")) -}}
{% endmacro %}


{#- The items of a list in JSON, one a row, to be joined laterally as `name(item)`. -#}
{% macro items_of(value, name) %}
    {{- return(adapter.dispatch("items_of", "tap_intercom")(value, name)) -}}
{% endmacro %}

{% macro default__items_of(value, name) %}
    {%- set list = "case when jsonb_typeof(" ~ value ~ ") = 'array' then " ~ value ~ " end" -%}
    {{- return("jsonb_array_elements(" ~ list ~ ") as " ~ name ~ "(item)") -}}
{% endmacro %}

{% macro duckdb__items_of(value, name) %}
    {%- set list = "case when json_type(" ~ value ~ ") = 'ARRAY' then " ~ value ~ " end" -%}
    {{- return("(select unnest(cast(" ~ list ~ " as json[])) as item) as " ~ name) -}}
{% endmacro %}


{#- A time at UTC, without a zone, so that no session's time zone can shift it. -#}
{% macro at_utc(value, type) %}
    {%- if type in ("timestamp without time zone", "timestamp") -%}
        {{ return(value) }}
    {%- else -%}
        {{ return("(cast(" ~ value ~ " as timestamptz) at time zone 'UTC')") }}
    {%- endif -%}
{% endmacro %}


{#- One row a day from a day to another, as `day`. -#}
{% macro days(first, last) %}
    {{- return(adapter.dispatch("days", "tap_intercom")(first, last)) -}}
{% endmacro %}

{% macro default__days(first, last) %}
    {{- return("generate_series(" ~ first ~ ", " ~ last ~ ", interval '1 day')") -}}
{% endmacro %}

{% macro duckdb__days(first, last) %}
    {{- return("unnest(generate_series(" ~ first ~ ", " ~ last ~ ", interval '1 day'))") -}}
{% endmacro %}


{#- Whole seconds from one time to another. -#}
{% macro seconds(first, last) %}
    {{- return("cast(extract(epoch from " ~ last ~ " - " ~ first ~ ") as bigint)") -}}
{% endmacro %}
