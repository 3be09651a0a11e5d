{{ config(materialized="table") }}
{%- set chosen = var("office_hours_schedule_id") %}
-- When the office is open, from when to when, at UTC; nothing where the workspace has no schedule.
with schedule as (
    select id, time_zone_name, time_intervals, coalesce(twenty_four_seven, false) as always
    from {{ ref("stg_office_hours_schedules") }}
    {%- if chosen is not none %}
    where id = '{{ chosen }}'
    {%- endif %}
    order by created_at, id
    limit 1
),

span as (
    select
        greatest(min(created_at), cast('2011-01-01' as timestamp)) as first_at,
        least(max(updated_at), cast('2100-01-01' as timestamp)) as last_at
    from {{ ref("stg_conversations") }}
),

days as (
    select {{ days(
        "cast(date_trunc('day', first_at) as timestamp) - interval '7 days'",
        "cast(date_trunc('day', last_at) as timestamp) + interval '7 days'",
    ) }} as day
    from span
),

-- An exception holds for one day, or for that day of every year.
exceptions as (
    select days.day, exceptions.id, exceptions.time_intervals
    from days
    inner join {{ ref("stg_office_hours_exceptions") }} as exceptions
        on exceptions.exception_date = cast(days.day as date)
        or (
            exceptions.recurring_annually
            and extract(month from exceptions.exception_date) = extract(month from days.day)
            and extract(day from exceptions.exception_date) = extract(day from days.day)
        )
    inner join schedule on schedule.id = exceptions.office_hours_schedule_id
),

usual as (
    select
        days.day,
        cast({{ text_at("hours.item", ["start_minute"]) }} as integer) as start_minute,
        cast({{ text_at("hours.item", ["end_minute"]) }} as integer) as end_minute
    from schedule
    cross join days
    cross join lateral {{ items_of("schedule.time_intervals", "hours") }}
    where not schedule.always
),

-- Minutes since midnight. A schedule counts them from Monday, an exception from its own midnight.
hours as (
    select
        day,
        start_minute - 1440 * (cast(extract(isodow from day) as integer) - 1) as start_minute,
        end_minute - 1440 * (cast(extract(isodow from day) as integer) - 1) as end_minute
    from usual
    where day not in (select day from exceptions)
        and floor(start_minute / 1440.0) = extract(isodow from day) - 1
    union all
    select days.day, 0, 1440
    from schedule
    cross join days
    where schedule.always
        and days.day not in (select day from exceptions)
    union all
    select
        exceptions.day,
        cast({{ text_at("hours.item", ["start_minute"]) }} as integer),
        cast({{ text_at("hours.item", ["end_minute"]) }} as integer)
    from exceptions
    cross join lateral {{ items_of("exceptions.time_intervals", "hours") }}
)

select distinct
    (day + interval '1 minute' * start_minute) at time zone time_zone_name at time zone 'UTC'
        as opens_at,
    (day + interval '1 minute' * end_minute) at time zone time_zone_name at time zone 'UTC'
        as closes_at
from hours
cross join schedule
