{{ config(alias="article_history") }}
select
    articles.id,
    coalesce(articles.parent_id, {{ text_at("articles.parent_ids", ["0"]) }}) as collection_id,
    cast(null as {{ type_of("text") }}) as section_id,
    articles.author_id,
    articles.title,
    articles.description,
    articles.body,
    articles.url,
    articles.type,
    articles.state,
    articles.parent_type,
    articles.default_locale,
    articles.workspace_id,
    statistics.type as statistics_type,
    statistics.views as statistics_views,
    statistics.conversations as statistics_conversations,
    statistics.reactions as statistics_reactions,
    statistics.happy_reaction_percentage as statistics_happy_reaction_percentage,
    statistics.neutral_reaction_percentage as statistics_neutral_reaction_percentage,
    statistics.sad_reaction_percentage as statistics_sad_reaction_percentage,
    articles.created_at,
    articles.updated_at,
    true as _fivetran_active,
    articles.updated_at as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    articles._loaded_at as _fivetran_synced
from {{ ref("stg_articles") }} as articles
left join {{ ref("int_article_statistics") }} as statistics
    on statistics.article_id = articles.id
