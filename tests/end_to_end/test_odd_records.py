"""Records that are unknown, wrong, empty, odd at every depth arrive in PostgreSQL, every value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from cloned import PROJECT
from comparing import differences
from loaded import all_rows, ask
from odd_records import ODD, odd_record
from truth import KEYS, PARENTS, TABLES, Key, Row, by_key, newest, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from houses import House

# What the sandbox derives from other records cannot be written, nor can bare texts have fields.
DERIVED = {
    "activity_log_event_types",
    "article_drafts",
    "article_statistics",
    "call_transcripts",
    "company_contacts",
    "company_tags",
    "contact_event_summaries",
    "contact_granted_companies",
    "contact_merge_history",
    "conversation_contacts",
    "conversation_parts",
    "conversation_tags",
    "conversation_teammates",
    "hitl_events",
    "newsfeed_items",
    "team_metrics",
    "ticket_parts",
    "ticket_type_attributes",
    "workspace",
}
# By these the rows of others are found.
KEPT = {"calls": {"conversation_id"}, "handling_events": {"teammate"}}
# The rows of exports come out of files, whose cells are texts.
EXPORTED = ("content_export_", "report_")
WRITTEN = [one for one in TABLES if one not in DERIVED and not one.startswith(EXPORTED)]


@pytest.fixture(scope="module")
def odd(new_house: Callable[[int], AbstractContextManager[House]]) -> Iterator[House]:
    """A house with one record of every kind of oddity in every resource that has so many."""
    with new_house(9) as house:
        for resource in WRITTEN:
            records = house.workspace.records(resource)
            for kind, record in zip(sorted(ODD), records, strict=False):
                house.workspace.put(resource, recognisable(resource, record, kind))
        yield house


def recognisable(resource: str, record: Row, kind: str) -> Row:
    """Make a record odd, but for what says which it is, whose, and which others hang on it."""
    owner = {f"{PARENTS[resource].noun}_id"} if resource in PARENTS else set()
    names = owner | {*KEYS[resource]} | KEPT.get(resource, set())
    kept = {name: record[name] for name in names if name in record}
    odd: Row = with_ids(record, odd_record(resource, record, kind))
    return {**odd, **kept}


def with_ids(record: Any, odd: Any) -> Any:
    """Put the ids back, at every depth at which the odd record still has something of the kind."""
    if isinstance(record, dict) and isinstance(odd, dict):
        named = {name: record[name] for name in record if name == "id" or name.endswith("_ids")}
        return {name: with_ids(record.get(name), odd[name]) for name in odd} | named
    if isinstance(record, list) and isinstance(odd, list):
        return [with_ids(one, other) for one, other in zip(record, odd, strict=False)]
    return record if isinstance(record, dict) and "id" in record else odd


@pytest.fixture(scope="module")
def loaded(odd: House) -> dict[str, dict[Key, Row]]:
    odd.meltano("run", "tap-intercom", "target-postgres")
    return all_rows(odd.database)


@pytest.mark.parametrize("table", TABLES)
def test_every_value_of_odd_records_is_in_the_database(
    odd: House, loaded: dict[str, dict[Key, Row]], table: str
) -> None:
    expected = truth(odd.workspace, table)
    if table == "conversation_parts":  # whose odd types cannot be asked for
        expected = by_key(table, newest([*expected.values()], "conversation"))
    assert loaded[table].keys() == expected.keys()
    wrong: dict[Any, list[str]] = {
        key: found
        for key, row in loaded[table].items()
        if (found := differences(expected[key], row))
    }
    assert wrong == {}


@pytest.mark.parametrize("table", ["admins", "contacts", "conversation_parts", "macros", "tickets"])
def test_there_was_something_to_rescue(loaded: dict[str, dict[Key, Row]], table: str) -> None:
    assert any(row["_rescued_data"] for row in loaded[table].values())


def test_the_query_of_the_documentation_tells_what_was_rescued(
    odd: House, loaded: dict[str, dict[Key, Row]]
) -> None:
    page = (PROJECT / "docs" / "behavior.md").read_text("utf-8")
    [query] = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    found = ask(odd.database, query)
    rows = list(loaded["contacts"].values())
    rescued = [row["_rescued_data"] for row in rows if row["_rescued_data"] is not None]
    assert 0 < len(rescued) < len(rows)
    assert sum(one["count"] for one in found) == len(rescued)
    assert all(one["_rescued_data"] in rescued for one in found)
    [stored] = ask(odd.database, "select count(_rescued_data) as not_null from contacts")
    assert stored["not_null"] == len(rows), "a loader that stores null needs no such query"
