with articles as (
    select
        *,
        -- Some versions name one parent, others all of them.
        coalesce(parent_id, {{ text_at("parent_ids", ["0"]) }}) as collection_id
    from {{ ref("stg_articles") }}
)

select
    articles.id as article_id,
    articles.title,
    articles.description,
    articles.state,
    articles.url,
    articles.default_locale,
    articles.author_id,
    admins.name as author_name,
    articles.collection_id,
    collections.name as collection_name,
    articles.created_at,
    articles.updated_at,
    statistics.views,
    statistics.reactions,
    statistics.happy_reaction_percentage,
    statistics.neutral_reaction_percentage,
    statistics.sad_reaction_percentage,
    statistics.conversations,
    statistics.fin_involvements,
    statistics.fin_resolutions
from articles
left join {{ ref("int_article_statistics") }} as statistics
    on statistics.article_id = articles.id
left join {{ ref("stg_admins") }} as admins on admins.id = articles.author_id
left join {{ ref("stg_collections") }} as collections
    on collections.id = articles.collection_id
