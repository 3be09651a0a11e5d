{#-
How many seconds of the spans in a relation lie in office hours, by the span's `key`; a span without
an end has no seconds. Null where there are no office hours at all.
-#}
{% macro in_office_hours(spans, key) %}
    select
        spans.{{ key }},
        case when max(offices.number) > 0 then
            coalesce(cast(sum(case when hours.opens_at is not null then {{ seconds(
                "greatest(spans.from_at, hours.opens_at)", "least(spans.to_at, hours.closes_at)"
            ) }} end) as bigint), 0)
        end as office_seconds
    from {{ spans }} as spans
    cross join (select count(*) as number from {{ ref("int_office_hours") }}) as offices
    left join {{ ref("int_office_hours") }} as hours
        on hours.opens_at < spans.to_at and hours.closes_at > spans.from_at
    where spans.to_at is not null
    group by spans.{{ key }}
{% endmacro %}
