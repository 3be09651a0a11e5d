{#-
The ids of the conversations to be computed: in an incremental run, those of which anything was
loaded since the last one, and without a loader's times all of them.
-#}
{% macro changed_conversations() %}
    {%- set conversations = ref("stg_conversations") -%}
    {%- set parts = ref("stg_conversation_parts") -%}
    {%- if not is_incremental() %}
    select id from {{ conversations }}
    {%- else %}
    select id from {{ conversations }} where {{ loaded_since() }}
    union
    select conversation_id from {{ parts }} where {{ loaded_since() }}
    {%- endif %}
{% endmacro %}

{% macro loaded_since() -%}
    _loaded_at is null or _loaded_at >= (
        select coalesce(max(_loaded_at), cast('1970-01-01' as timestamp))
            - interval '{{ var("lookback_hours") }} hours'
        from {{ this }}
    )
{%- endmacro %}
