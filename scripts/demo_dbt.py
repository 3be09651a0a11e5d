"""Load a simulated workspace, make the models of transform/, ask them: `make demo-dbt`.

`make demo-duckdb`, in demo_duckdb.py, does the same with another database.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import demo
import postgres
import psycopg
import yaml
from demo_picture import picture
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = (*demo.COMMAND, "dbt-postgres:run", "dbt-postgres:test")
MARTS = "analytics"
PICTURE = demo.DEMO / "conversations.svg"

# What the models can make use of beside the streams that are read by default.
CHOSEN = (
    "article_statistics", "company_tags", "contact_companies", "contact_tags",
    "conversation_contacts", "conversation_tags", "office_hours_exceptions",
)  # fmt: skip


class Question(NamedTuple):
    """What somebody wants to know, and the SQL that tells."""

    text: str
    sql: str


QUESTIONS = (
    Question(
        "How long does each team's first response take, by week? (minutes, the newest weeks)",
        "select given_week, team_name, count(*) as conversations,"
        " round(percentile_cont(0.5) within group (order by response_seconds)::numeric / 60)::int"
        " as median from team_responses group by 1, 2 order by 1 desc, 2 limit 12",
    ),
    Question(
        "Which are the busiest hours? (at UTC)",
        "select extract(hour from created_at)::int as hour, count(*) as conversations"
        " from conversations group by 1 order by 2 desc, 1 limit 5",
    ),
    Question(
        "What do contacts think of each team?",
        "select team_name, avg(rating)::numeric(4, 2) as rating, count(rating) as ratings"
        " from conversations group by 1 order by 2 desc nulls last, 1",
    ),
    Question(
        "What are conversations about?",
        "select tag_name, count(*) as conversations"
        " from conversation_tags group by 1 order by 2 desc, 1 limit 8",
    ),
    Question(
        "Which conversation has been open for longest?",
        "select conversation_id, created_at, team_name, admin_name"
        " from conversations where is_open order by created_at limit 1",
    ),
    Question(
        "How many per cent of what was closed was opened again?",
        "select (100 * avg(was_reopened::int))::numeric(4, 1) as reopened_per_cent"
        " from conversations where first_closed_at is not null",
    ),
    Question(
        "Which companies have the most contacts?",
        "select company_name, count(*) as contacts"
        " from contact_companies group by company_id, 1 order by 2 desc, 1 limit 8",
    ),
    Question(
        "In which states are the tickets?",
        "select state, count(*) as tickets from tickets group by 1 order by 2 desc, 1",
    ),
)

WEEKS = """
select created_week, count(*) as conversations,
    percentile_cont(0.5) within group (order by first_response_seconds) / 3600 as median_hours
from conversations group by 1 order by 1 desc limit 52
"""


class Answer(NamedTuple):
    """What a database said."""

    names: Sequence[str]
    rows: Sequence[Sequence[Any]]


def demo_dbt() -> None:
    """Load, model, test, and print the answers."""
    days = demo.days_gone()
    with demo.sandbox(days) as api_url, postgres.running(demo.DEMO / "postgres") as database:
        print(f"Running: a simulated Intercom workspace, on its day {days + 1}, and a PostgreSQL.")
        model(api_url, COMMAND, **settings(database))
        with psycopg.connect(database, options=f"-c search_path={MARTS}") as connection:
            show([ask(connection, query) for query in queries()])
    print(
        "Nothing is left running. To look around: `make demo-up`. To start over: `make clean-demo`."
    )


def settings(database: str) -> dict[str, str]:
    """Tell loader and dbt where the database is."""
    server = conninfo_to_dict(database)
    return {
        **demo.target_postgres(database),
        "DBT_POSTGRES_HOST": str(server["host"]),
        "DBT_POSTGRES_PORT": str(server.get("port", 5432)),
        "DBT_POSTGRES_USER": str(server["user"]),
        "DBT_POSTGRES_PASSWORD": str(server.get("password", "")),
        "DBT_POSTGRES_DBNAME": str(server["dbname"]),
        "DBT_POSTGRES_SCHEMA": MARTS,
    }


def model(api_url: str, command: Sequence[str], **where: str) -> None:
    """Load what is new, make the models and test them."""
    demo.load(api_url, command, TAP_INTERCOM__SELECT=json.dumps(selected()), **where)
    demo.let_a_day_pass()


def selected() -> list[str]:
    """Name the streams that meltano.yml selects, and those that the models can use beside."""
    project = yaml.safe_load((demo.PROJECT / "meltano.yml").read_text("utf-8"))
    [tap] = project["plugins"]["extractors"]
    return [*tap["select"], *(f"{stream}.*" for stream in CHOSEN)]


def queries() -> list[str]:
    """All that is asked: the questions, and what the picture shows."""
    return [*(question.sql for question in QUESTIONS), WEEKS]


def ask(connection: psycopg.Connection[Any], query: str) -> Answer:
    """Ask PostgreSQL."""
    asked = connection.execute(query)
    return Answer([column.name for column in asked.description or []], asked.fetchall())


def show(answers: Sequence[Answer]) -> None:
    """Print each question, its SQL and what that gives, and draw the picture."""
    *told, weeks = answers
    for question, answer in zip(QUESTIONS, told, strict=True):
        print(f"{question.text}\n\n  {question.sql};\n")
        cells = [["" if cell is None else str(cell) for cell in row] for row in answer.rows]
        for line in table([answer.names, *cells]):
            print(f"  {line}")
        print()
    PICTURE.write_text(picture(weeks.rows[::-1]), "utf-8")
    print(f"The picture, conversations and median first response by week: {PICTURE}")


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay out rows, the first of which is the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *others = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [head, "  ".join("-" * width for width in widths), *others]


if __name__ == "__main__":
    demo.alone(demo_dbt)
