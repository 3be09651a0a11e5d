{#-
The links that hold. Loaders add and change rows but remove none, so a link that was removed in
Intercom is still in its table. One rule tells it from one that holds: whenever a parent changed,
all of its links are read anew, and each carries the parent's `updated_at`. A link that carries an
older one than its parent was not among them, so it is gone; also where the parent has none left.

Which time the parent has is the newest that the parent's table or the links themselves tell. Links
that are read whole in each run have to be from the latest run, too. Those of parents that were
deleted, or merged into another, are gone.

Where the table of the links is not there, as its stream was not selected, they are taken out of the
parents' own rows: `inside` is the list in them. These are all there are, but for contacts, which
carry their first ten.
-#}
{% macro current_links(of, to, stream=none, inside=none, whole=false, applied=false) %}
    {%- set parents = {
        "company": "companies", "contact": "contacts", "conversation": "conversations",
        "ticket": "tickets",
    }[of] -%}
    {%- set raw = source("tap_intercom", parents) -%}
    {%- set table = ref("stg_" ~ stream) if stream else none -%}
    {%- set parent_table = ref("stg_" ~ parents) -%}
    {%- set gone = {
        "contact": ref("int_gone_contacts"), "conversation": ref("stg_deleted_conversations"),
    }.get(of) -%}
    {%- set of_id, of_updated_at, to_id = of ~ "_id", of ~ "_updated_at", to ~ "_id" -%}
    {%- set selected = stream and columns_of(source("tap_intercom", stream)) is not none %}
with links as (
    {%- if selected or not inside %}
    select
        {{ of_id }},
        id as {{ to_id }},
        {%- if applied %}
        applied_at,
        applied_by_id,
        {%- endif %}
        {{ of_updated_at }},
        {{ "_loaded_by" if whole else "cast(null as bigint)" }} as _loaded_by
    from {{ table }}
    {%- else %}
    select distinct
        parents.id as {{ of_id }},
        {{ text_at("links.item", ["id"]) }} as {{ to_id }},
        {%- if applied %}
        {{ at_utc(text_at("links.item", ["applied_at"]), "text") }} as applied_at,
        {{ text_at("links.item", ["applied_by", "id"]) }} as applied_by_id,
        {%- endif %}
        parents.updated_at as {{ of_updated_at }},
        cast(null as bigint) as _loaded_by
    from ({{ staged(raw, {"id": "text", "updated_at": "time", inside: "json"}) }}) as parents
    cross join lateral {{ items_of("parents." ~ named(inside), "links") }}
    where {{ text_at("links.item", ["id"]) }} is not null
    {%- endif %}
),

known as (
    select {{ of_id }}, max(updated_at) as updated_at
    from (
        select id as {{ of_id }}, updated_at from {{ parent_table }}
        union all
        select {{ of_id }}, {{ of_updated_at }} from links
    ) as told
    group by {{ of_id }}
),

latest as (
    select max(_loaded_by) as run from links
)

select
    links.{{ of_id }},
    links.{{ to_id }},
    {%- if applied %}
    links.applied_at,
    links.applied_by_id,
    {%- endif %}
    links.{{ of_updated_at }}
from links
inner join known on known.{{ of_id }} = links.{{ of_id }}
cross join latest
where coalesce(links.{{ of_updated_at }} >= known.updated_at, true)
    and coalesce(links._loaded_by >= latest.run, true)
    {%- if gone %}
    and not exists (select 1 from {{ gone }} as gone where gone.id = links.{{ of_id }})
    {%- endif %}
{% endmacro %}
