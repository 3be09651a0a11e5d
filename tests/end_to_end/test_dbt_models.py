"""`meltano run tap-intercom target-postgres dbt-postgres:run` answers what people ask."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import by_hand
import demo_dbt
import demo_picture
import postgres
import psycopg
import pytest
import yaml
from cloned import PROJECT
from psycopg.rows import dict_row

from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from houses import House

DAY = 86_400
RUN = ("run", "tap-intercom", "target-postgres", "dbt-postgres:run")
SELECTED = "TAP_INTERCOM__SELECT"
MODELS = PROJECT / "transform" / "models"
FOLDERS = {
    "staging": "analytics_staging",
    "intermediate": "analytics_intermediate",
    "links": "analytics",
    "marts": "analytics",
    "fivetran": "intercom",
}

# From nine to half past five, but on Friday until noon.
WORKING_DAYS = {
    "time_zone_name": "Europe/Berlin",
    "twenty_four_seven": False,
    "time_intervals": [
        {
            "start_minute": 1440 * day + 540,
            "end_minute": 1440 * day + (720 if day == 4 else 1050),
            "day_of_week": day,
        }
        for day in range(5)
    ],
}

# Links of the sandbox, by the view that says which of them hold.
LINKS = {
    "company_tags": ("company_id", "tag_id"),
    "contact_companies": ("contact_id", "company_id"),
    "contact_tags": ("contact_id", "tag_id"),
    "conversation_contacts": ("conversation_id", "contact_id"),
    "conversation_tags": ("conversation_id", "tag_id"),
}


def ask(database: str, query: str, *values: Any) -> list[dict[str, Any]]:
    options = "-c search_path=analytics"
    with psycopg.connect(database, row_factory=dict_row, options=options) as connection:
        return connection.execute(query, values).fetchall()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def opened(new_house: Callable[[int], AbstractContextManager[House]]) -> Iterator[House]:
    with new_house(31) as house:
        settings = {
            **house.meltano.settings,
            **demo_dbt.settings(house.database),
            SELECTED: json.dumps(demo_dbt.selected()),
        }
        with psycopg.connect(house.database) as connection:
            connection.execute("alter database postgres set timezone to 'America/New_York'")
        yield house._replace(meltano=replace(house.meltano, settings=settings))


@pytest.fixture(scope="module")
def first(opened: House) -> House:
    """A workspace, loaded and modelled, with what chance does not bring."""
    schedules = opened.workspace.records("office_hours_schedules")
    oldest = min(schedules, key=lambda one: (one["created_at"], one["id"]))
    opened.workspace.put("office_hours_schedules", {"id": oldest["id"], **WORKING_DAYS})
    for number, conversation in enumerate(opened.workspace.records("conversations")[1:6]):
        opened.workspace.put("conversations", eventful(conversation, number))
    opened.meltano(*RUN)
    return opened


def eventful(conversation: dict[str, Any], number: int) -> dict[str, Any]:
    """A conversation closed and opened again, the first of them after our own message."""
    admin = {"type": "admin", "id": "991267407", "name": "A", "email": "a@example.com"}
    user = {"type": "user", "id": "653a7ae074f5c150661d2c58", "name": "C", "email": None}
    bot = {"type": "bot", "id": "991260000", "name": "Fin", "email": None}
    kinds = (
        ("comment", bot, "<p>Wait.</p>"),
        ("note", admin, "<p>Hm.</p>"),
        ("comment", user, "<p>Hello?</p>"),
        ("assignment", bot, None),
        ("close", admin, "<p>Done.</p>"),
        ("close", admin, None),
        ("comment", user, "<p>No.</p>"),
        ("open", user, "<p>No!</p>"),
        ("open", admin, None),
        ("comment", admin, "<p>Oh.</p>"),
        ("close", bot, None),
        ("note_and_reopen", admin, "<p>Once more.</p>"),
    )
    begun = conversation["created_at"]
    part = conversation["conversation_parts"]["conversation_parts"][0]
    parts = [
        {
            **part,
            "id": str(77_000_000_000 + 100 * number + place),
            "part_type": kind,
            "author": author,
            "body": body,
            "redacted": False,
            "assigned_to": {"type": "team", "id": "5017600"} if kind == "assignment" else None,
            "created_at": begun + (place + 1) * (number + 1) * 7_000,
        }
        for place, (kind, author, body) in enumerate(kinds[: 8 + number])
    ]
    source = {**conversation["source"], "author": admin} if number == 0 else conversation["source"]
    return {
        "id": conversation["id"],
        "source": source,
        "conversation_parts": {**conversation["conversation_parts"], "conversation_parts": parts},
    }


@pytest.fixture(scope="module")
def second(first: House) -> House:
    """The same after a day in which links were removed, and a conversation deleted."""
    workspace = first.workspace
    before = {table: links(workspace, table) for table in LINKS}
    workspace.advance(DAY)
    now = int(workspace.now())
    for table in ("contact_tags", "contact_companies"):
        rows = by_contact(workspace, table)
        fewest, *_, most = sorted(rows, key=lambda contact: (len(rows[contact]), contact))
        assert len(rows[fewest]) < len(rows[most])
        for contact, gone in ((fewest, rows[fewest]), (most, rows[most][:1])):
            for link in gone:
                workspace.delete(table, f"{contact}/{link}")
            workspace.put("contacts", {"id": contact, "updated_at": now})
    tagged = next(one for one in workspace.records("conversations") if one["tags"]["tags"])
    untagged = {"tags": {"type": "tag.list", "tags": []}, "updated_at": now}
    workspace.put("conversations", {"id": tagged["id"], **untagged})
    company = next(one for one in workspace.records("companies") if one["tags"]["tags"])
    workspace.put("companies", {"id": company["id"], "tags": untagged["tags"]})
    nobody = {"contacts": {"type": "contact.list", "contacts": []}, "updated_at": now}
    workspace.put("tickets", {"id": workspace.records("tickets")[0]["id"], **nobody})
    workspace.delete("conversations", workspace.records("conversations")[-1]["id"])
    gone = {table: before[table] - links(workspace, table) for table in LINKS}
    assert all(gone.values())
    with psycopg.connect(first.database) as connection:
        for table in ("conversations", "conversation_parts"):  # as if loaded long ago
            connection.execute(
                f"update tap_intercom.{table}"  # type: ignore[arg-type]
                " set _sdc_batched_at = _sdc_batched_at - interval '2 days'"
            )
        # What is not computed anew keeps this.
        connection.execute("update analytics_intermediate.int_conversation_metrics set notes = -1")
    first.meltano(*RUN[:-1], "dbt-postgres:build")  # with the models' own tests
    return first


def by_contact(workspace: Any, table: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in workspace.records(table):
        found.setdefault(row["contact_id"], []).append(row["id"])
    return found


def links(workspace: Any, table: str) -> set[tuple[str, str]]:
    """The links that the workspace has."""
    parent = LINKS[table][0]
    return {(str(row[parent]), str(row["id"])) for row in workspace.records(table)}


def said(house: House, model: str, key: str) -> dict[str, dict[str, Any]]:
    return {row[key]: row for row in ask(house.database, f"select * from {model}")}


def compare_metrics(house: House) -> int:
    """Compare what the models say of every conversation; tell how many were opened again."""
    workspace = house.workspace
    hours = by_hand.Hours(
        workspace.records("office_hours_schedules"), workspace.records("office_hours_exceptions")
    )
    expected = {
        one["id"]: by_hand.metrics(one, hours) for one in workspace.records("conversations")
    }
    modelled = said(house, "conversations", "conversation_id")
    assert len(expected) >= 20
    assert set(modelled) == set(expected)
    wrong = {
        key: {name: (modelled[key][name], value)}
        for key, figures in expected.items()
        for name, value in figures.items()
        if modelled[key][name] != value
    }
    assert wrong == {}
    for name in next(iter(expected.values())):
        assert any(one[name] for one in expected.values()), f"nothing tries {name}"
    return sum(one["reopens"] > 0 for one in expected.values())


def test_metrics_are_those_that_a_person_works_out(first: House) -> None:
    assert compare_metrics(first) >= 5


def test_metrics_are_right_when_only_what_changed_is_computed_anew(second: House) -> None:
    compare_metrics(second)
    query = "select count(*) filter (where notes = -1) as kept, count(*) as rows from conversations"
    [found] = ask(second.database, query)
    assert 0 < found["kept"] < found["rows"]


def test_time_in_states_is_what_a_person_works_out(first: House, second: House) -> None:
    assert first is second
    modelled = said(second, "tickets", "ticket_id")
    tickets = {one["id"]: by_hand.stays(one) for one in second.workspace.records("tickets")}
    assert any(sum(spent.values()) for spent in tickets.values())
    assert set(modelled) >= set(tickets)  # Intercom does not tell which were deleted
    for ticket, spent in tickets.items():
        assert spent == {state: modelled[ticket][f"{state}_seconds"] for state in spent}


@pytest.mark.parametrize("table", sorted(LINKS))
def test_only_links_that_hold_are_current(second: House, table: str) -> None:
    columns = ", ".join(LINKS[table])
    rows = ask(second.database, f"select {columns} from {table}_current")
    current = [tuple(row.values()) for row in rows]
    assert len(set(current)) == len(current)
    assert set(current) == links(second.workspace, table)
    [raw] = ask(second.database, f"select count(*) as rows from tap_intercom.{table}")
    assert raw["rows"] > len(current), "the loaded table has no link that is gone"


def test_links_of_tickets_are_those_of_the_workspace(second: House) -> None:
    rows = ask(second.database, "select ticket_id, contact_id from ticket_contacts_current")
    tickets = {
        one["id"]: one["contacts"]["contacts"] for one in second.workspace.records("tickets")
    }
    assert not all(tickets.values()), "no ticket has lost its contact"
    assert {
        (row["ticket_id"], row["contact_id"]) for row in rows if row["ticket_id"] in tickets
    } == {(ticket, contact["id"]) for ticket in tickets for contact in tickets[ticket]}


def test_nobody_is_null_and_not_zero(first: House) -> None:
    zeros = 0
    for table in ("conversations", "tickets"):
        for column in ("admin_assignee_id", "team_assignee_id"):
            [raw] = ask(
                first.database,
                f"select count(*) as zeros from tap_intercom.{table} where {column} = '0'",
            )
            [view] = ask(
                first.database,
                f"select count(*) filter (where {column} = '0') as zeros,"
                f" count(*) filter (where {column} is null) as nobody"
                f" from analytics_staging.stg_{table}",
            )
            assert view == {"zeros": 0, "nobody": raw["zeros"]}
            zeros += raw["zeros"]
    assert zeros > 0


def test_team_responses_are_within_the_teams_time(first: House) -> None:
    rows = ask(first.database, "select * from team_responses where response_at is not null")
    assert any(row["team_name"] for row in rows)
    for row in rows:
        assert row["given_at"] <= row["response_at"]
        assert row["until_at"] is None or row["response_at"] < row["until_at"]


def test_ids_are_text_and_times_have_no_zone(first: House) -> None:
    """A bigint beside text breaks joins; a zone shifts times in sessions that are not at UTC."""
    columns = ask(
        first.database,
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema in ('analytics', 'analytics_staging', 'intercom')",
    )
    types = {"id": set(), "at": set()}
    for column in columns:
        last = column["column_name"].rpartition("_")[2]
        if last in types:
            types[last].add(column["data_type"])
    assert types == {"id": {"text"}, "at": {"timestamp without time zone"}}


def test_every_stream_that_is_read_by_default_has_a_view(first: House) -> None:
    views = made(first.database, "analytics_staging")
    assert {f"stg_{one.name}" for one in STREAMS if one.selected_by_default} <= set(views)


def made(database: str, schema: str) -> dict[str, list[str]]:
    """The columns of every table and view in a schema."""
    rows = ask(
        database,
        "select table_name, column_name from information_schema.columns"
        " where table_schema = %s order by ordinal_position",
        schema,
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["table_name"], []).append(row["column_name"])
    return found


def described(folder: str) -> dict[str, list[str]]:
    text = (MODELS / folder / f"{folder}.yml").read_text("utf-8")
    return {
        model["name"].removeprefix("fivetran__"): [
            column["name"] for column in model.get("columns", [])
        ]
        for model in yaml.safe_load(text)["models"]
    }


def test_every_column_of_the_marts_is_described(first: House) -> None:
    there = made(first.database, "analytics")
    marts = described("marts")
    assert len(marts) == 9
    assert {name: there[name] for name in marts} == marts
    assert set(there) == set(marts) | set(described("links"))


def test_the_database_says_what_columns_are(first: House) -> None:
    comments = ask(
        first.database,
        "select nspname as schema, relname as view, attname as column,"
        " col_description(pg_class.oid, attnum) as comment from pg_class"
        " join pg_namespace on pg_namespace.oid = relnamespace"
        " join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped"
        " where nspname in ('analytics', 'analytics_staging') and relkind in ('r', 'v')",
    )
    assert len(comments) > 1_000
    assert [one for one in comments if not one["comment"]] == []
    said = {(one["view"], one["column"]): one["comment"] for one in comments}
    assert "Joins `admins.id` or `contacts.id`." in said["stg_conversations", "source_author_id"]
    assert said["stg_collections", "order"].startswith("The place among the collections")


def test_the_views_of_fivetran_have_what_the_package_reads(first: House) -> None:
    views = made(first.database, "intercom")
    assert len(views) == 16
    assert set(views) == set(described("fivetran"))
    assert all("_fivetran_synced" in columns for columns in views.values())
    [bodies] = ask(
        first.database,
        "select count(*) filter (where body = '') as empty,"
        " count(*) filter (where body is null) as missing"
        " from intercom.conversation_part_history",
    )
    assert bodies["empty"] == 0
    assert bodies["missing"] > 0


def test_the_demo_gets_answers_and_draws(
    first: House,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(demo_dbt, "PICTURE", tmp_path / "drawn.svg")
    with psycopg.connect(first.database, options="-c search_path=analytics") as connection:
        answers = [demo_dbt.ask(connection, query) for query in demo_dbt.queries()]
    assert all(answer.rows for answer in answers)
    demo_dbt.show(answers)
    printed = capsys.readouterr().out
    assert all(question.sql in printed for question in demo_dbt.QUESTIONS)
    drawn = ET.parse(demo_dbt.PICTURE).getroot()
    assert len(drawn.findall("{*}rect")) == 1 + len(answers[-1].rows) > 2
    assert ET.fromstring(demo_picture.picture([])) is not None


def test_a_database_with_a_port_wants_its_password(tmp_path: Path) -> None:
    with postgres.running(tmp_path / "data", "sesame") as database:
        assert ask(database, "select 1 as one") == [{"one": 1}]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(database.replace("sesame", "wrong"))


# What is not there


@pytest.fixture(scope="module")
def elsewhere(second: House) -> Callable[..., dict[str, str]]:
    """Make another database on the same server, empty or with all that was loaded."""

    def make(name: str, *, full: bool) -> dict[str, str]:
        template = " template postgres" if full else ""
        with psycopg.connect(second.database, autocommit=True) as connection:
            connection.execute(f"create database {name}{template}")  # type: ignore[arg-type]
        url = second.database.replace("@/postgres", f"@/{name}")
        return {**demo_dbt.settings(url), "url": url}

    return make


def rows_of_marts(url: str) -> dict[str, int]:
    return {
        mart: ask(url, f"select count(*) as rows from {mart}")[0]["rows"]
        for mart in described("marts")
    }


def test_without_any_table_all_is_empty(second: House, elsewhere: Any) -> None:
    where = elsewhere("nothing", full=False)
    url = where.pop("url")
    second.meltano("invoke", "dbt-postgres:run", **where)
    assert set(rows_of_marts(url).values()) == {0}
    assert len(made(url, "intercom")) == 16


def test_of_an_empty_workspace_all_is_empty(second: House, elsewhere: Any) -> None:
    where = elsewhere("hollow", full=True)
    url = where.pop("url")
    with psycopg.connect(url) as connection:
        for table in made(url, "tap_intercom"):
            connection.execute(f"truncate tap_intercom.{table}")  # type: ignore[arg-type]
    second.meltano("invoke", "dbt-postgres:full-refresh", **where)
    assert set(rows_of_marts(url).values()) == {0}


def test_an_older_version_without_companies_and_teams_is_modelled(
    second: House, elsewhere: Any, tmp_path: Path
) -> None:
    where = elsewhere("older", full=False)
    url = where.pop("url")
    some = ["admins.*", "contacts.*", "conversations.*", "conversation_parts.*", "tags.*"]
    second.meltano(
        *RUN,
        **where,
        **{SELECTED: json.dumps(some)},
        MELTANO_DATABASE_URI=f"sqlite:///{tmp_path}/meltano.db",
        TAP_INTERCOM_API_VERSION="2.5",
    )
    rows = rows_of_marts(url)
    assert {mart for mart in rows if not rows[mart]} == {"tickets", "articles"}
    assert rows["conversations"] == len(second.workspace.records("conversations", "2.5"))
    [teams] = ask(
        url, "select count(team_name) as named, count(team_id) as given from conversations"
    )
    assert teams["named"] == 0 < teams["given"]
    # Tags were not selected either, so these are the first ten of each contact.
    shown = {
        (contact["id"], tag["id"])
        for contact in second.workspace.records("contacts", "2.5")
        for tag in contact["tags"]["data"]
    }
    tags = ask(url, "select contact_id, tag_id from contact_tags")
    assert {(row["contact_id"], row["tag_id"]) for row in tags} == shown
