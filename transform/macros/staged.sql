{#-
The columns of a raw table, by path and kind. A table that is not there gives no rows, a column that
is not there gives nulls, both of the right type: a stream may not be selected, an API version may
be older, a workspace may have no teams. A path `a|b` takes the first that holds something.

Kinds: text; pointer, which is an id that may be 0 for nobody; time, at UTC and without a zone;
date; integer; number; boolean; json.

What ACTIVATE_VERSION marked as deleted is left out.
-#}
{% macro staged(raw, columns) %}
    {%- set there = columns_of(raw) %}
select
    {%- for path, kind in columns.items() %}
    {{ found(there, path, kind) }} as {{ adapter.quote(named(path)) }},
    {%- endfor %}
    {{ found(there, "_sdc_sync_started_at", "integer") }} as _loaded_by,
    {{ found(there, "_sdc_batched_at", "time") }} as _loaded_at
    {%- if there is none %}
from (select 1 as nothing) as no_such_table
where false
    {%- else %}
from {{ raw }}
        {%- if "_sdc_deleted_at" in there %}
where _sdc_deleted_at is null
        {%- endif %}
    {%- endif %}
{% endmacro %}


{#- The types of a raw table's columns by name, or none where there is no such table. -#}
{% macro columns_of(raw) %}
    {%- if not execute %}{{ return({}) }}{% endif -%}
    {%- set relation = adapter.get_relation(raw.database, raw.schema, raw.identifier) -%}
    {%- if relation is none %}{{ return(none) }}{% endif -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do types.update({column.name: column.dtype | lower}) -%}
    {%- endfor -%}
    {{ return(types) }}
{% endmacro %}


{#- What a path is called as a column. -#}
{% macro named(path) %}
    {{- return(path.split("|")[0] | replace(".", "_")) -}}
{% endmacro %}


{#- The value at a path, or null. -#}
{% macro found(there, path, kind) %}
    {%- set values = [] -%}
    {%- for one in path.split("|") -%}
        {%- set names = one.split(".") -%}
        {%- if there and names[0] in there -%}
            {%- do values.append(value_at(there[names[0]], names, kind)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not values -%}
        {{ return("cast(null as " ~ type_of(kind) ~ ")") }}
    {%- elif values | length == 1 -%}
        {{ return(values[0]) }}
    {%- else -%}
        {{ return("coalesce(" ~ values | join(", ") ~ ")") }}
    {%- endif -%}
{% endmacro %}


{% macro value_at(type, names, kind) %}
    {%- set column = adapter.quote(names[0]) -%}
    {%- if kind == "json" -%}
        {{ return(json_at(as_json(column, type), names[1:])) }}
    {%- elif names | length == 1 -%}
        {{ return(as_kind(column, type, kind)) }}
    {%- else -%}
        {{ return(as_kind(text_at(as_json(column, type), names[1:]), "text", kind)) }}
    {%- endif -%}
{% endmacro %}


{% macro as_kind(value, type, kind) %}
    {%- if kind == "time" -%}
        {{ return(at_utc(value, type)) }}
    {%- elif kind == "pointer" -%}
        {{ return("nullif(cast(" ~ value ~ " as " ~ type_of("text") ~ "), '0')") }}
    {%- else -%}
        {{ return("cast(" ~ value ~ " as " ~ type_of(kind) ~ ")") }}
    {%- endif -%}
{% endmacro %}
