"""Which of Intercom's readable operations does the tap call, and why not the others?

The operations are those of `operations.json`; who calls them is read from the streams. What remains
has a line here: in `SAME` where the records arrive all the same, or in `NOT_FETCHED` with the
reason. `tests/test_coverage.py` fails where an operation has no line, or more than one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tap_intercom.shapes.children import Explode
from tap_intercom.shapes.exports import Export
from tap_intercom.shapes.reports import DATASETS, ReportExport
from tap_intercom.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_intercom.shapes.shape import Shape

# What a stream asks beside its path, depending on the settings: of `companies_method` and of
# `api_version`.
BESIDE: Mapping[str, Sequence[str]] = {
    "companies": ("/companies/search", "/companies/list"),
    "conversation_attributes": ("/data_attributes",),
}

# Operations that give what a stream has from another one.
SAME: Mapping[str, str] = {
    "GET /admins/{id}": "`admins`",
    "GET /ai/content_import_sources/{id}": "`content_import_sources`",
    "GET /ai/external_pages/{id}": "`external_pages`",
    "GET /articles/search": "`articles`",
    "GET /audiences/{id}": "`audiences`",
    "GET /brands/{id}": "`brands`",
    "GET /calls/{id}": "`calls`",
    "GET /calls/{id}/transcript": "`call_transcripts`",
    "GET /companies": "`companies`",
    "GET /companies/{id}": "`companies`",
    "GET /contacts": "`contacts`",
    "GET /contacts/find_by_external_id/{id}": "`contacts`",
    "GET /contacts/{id}": "`contacts`, but for `enabled_push_messaging`, at a call for each",
    "GET /contacts/{id}/merge_history": "`contact_merge_history`, out of the contacts",
    "GET /content_snippets/{id}": "`content_snippets`",
    "GET /conversations": "`conversations`",
    "GET /conversations/attributes/{id}": "`conversation_attributes`",
    "GET /custom_object_instances/{id}/{id}": "`custom_object_instances`",
    "GET /emails/{id}": "`emails`",
    "GET /folders/{id}": "`folders`",
    "GET /help_center/collections/{id}": "`collections`",
    "GET /help_center/help_centers/{id}": "`help_centers`",
    "GET /help_center/help_centers/{id}/redirects/{id}": "`help_center_redirects`",
    "GET /internal_articles/search": "`internal_articles`",
    "GET /internal_articles/{id}": "`internal_articles`",
    "GET /macros/{id}": "`macros`",
    "GET /news/news_items/{id}": "`news_items`",
    "GET /news/newsfeeds/{id}": "`newsfeeds`",
    "GET /notes/{id}": "`contact_notes`, `company_notes`",
    "GET /office_hours_schedules/{id}": "`office_hours_schedules`",
    "GET /office_hours_schedules/{id}/office_hours_exceptions/{id}": "`office_hours_exceptions`",
    "GET /segments/{id}": "`segments`",
    "GET /tags/{id}": "`tags`",
    "GET /teams/{id}": "`teams`",
    "GET /ticket_types/{id}": "`ticket_types`",
    "GET /tickets/{id}": "`tickets`, `ticket_parts`",
    "POST /admins/activity_logs/search": "`activity_logs`",
}

NO_LIST = "needs an id that no list gives:"
NOT_FETCHED: Mapping[str, str] = {
    "GET /articles/{id}/versions/{id}": "a call for each version, for its body alone; "
    "`article_versions` has the rest",
    "GET /calls/{id}/recording": "sound, which is no record; `calls` has its address",
    "GET /companies/bulk/{id}": f"{NO_LIST} a job's that wrote companies",
    "GET /contacts/bulk/{id}": f"{NO_LIST} a job's that wrote contacts",
    "GET /contacts/{id}/banners": "does not only read: each call counts as a banner shown",
    "GET /content/search": "an index: type, id and title of what `articles`, `internal_articles`, "
    "`content_snippets` and `external_pages` have whole, and of uploaded files the title alone",
    "GET /data_connectors/{id}": "adds to `data_connectors` what a call is made with: address, "
    "headers and body, where secrets may be",
    "GET /data_connectors/{id}/execution_results/{id}": "adds to `data_connector_executions` the "
    "bodies that were sent and received, where secrets may be",
    "GET /export/workflows/{id}": f"{NO_LIST} a workflow's",
    "GET /fin_voice/collect/{id}": f"{NO_LIST} a Fin Voice call's",
    "GET /fin_voice/conversation/{id}": "no conversation says whether it has such a call, so that "
    "each would cost one, nearly all for nothing",
    "GET /fin_voice/external_id/{id}": f"{NO_LIST} a Fin Voice call's in another system",
    "GET /fin_voice/phone_number/{id}": "needs the number that called, and gives its last call",
    "GET /jobs/status/{id}": f"{NO_LIST} a job's that wrote tickets",
    "GET /messages/status": f"{NO_LIST} a WhatsApp message's set of rules",
    "GET /messages/whatsapp/status": f"{NO_LIST} a WhatsApp message's",
    "GET /secure_mode_secrets": "about the secrets that identities are verified with",
    "GET /sla_rules": "in Preview's documentation, and not yet in its description",
    "GET /visitors": f"{NO_LIST} a visitor's",
    "POST /contacts/merge/preview": "tells what a merge of two contacts would do",
    "POST /fin/capabilities": "tells what Fin can do for one person at the moment",
}

PAGE = """\
# Coverage

<!-- Written by scripts/docs.py, from the tap and scripts/covered.py: run `make docs`. -->

What can be read from Intercom, and where it arrives: the {count} operations of the API's
descriptions 2.16 and Preview that only read, and those that came with 2.17. Of these,

- {fetched} are called by the {streams} streams,
- {same} would give what a stream has from another one, and
- {left} are not fetched, for the reasons [below](#not-fetched-because).

What writes is not here: the tap calls nothing that changes a workspace. An export is counted among
what reads, although it has a file made. Preview's documentation
names a few more that neither description has, such as roles and auth tokens.

Three operations are taken from the documentation's pages alone. Those of `GET /contacts/deleted`
and `GET /conversations/{{id}}/hitl_events` tell what a row has, and not in which list of the answer
rows are: the usual ones are tried, and an error says if it is none of them. What a row has beside
is in `_rescued_data`. Parts of a conversation can be asked for by their types
([At most 500 parts](behavior.md#at-most-500-parts)); no page names a parameter for those of a
ticket.

The script
`scripts/operations.py` renews the list from newer descriptions, and a test then fails for each
operation that is in none of the tables below.

## Called

| Operation | Came with | Streams |
| --- | --- | --- |
{called_rows}

## The same from elsewhere

A stream's list or search gives the same records, at fewer calls.

| Operation | Came with | It is in |
| --- | --- | --- |
{same_rows}

## Not fetched, because

| Operation | Came with | Because |
| --- | --- | --- |
{left_rows}
"""


def operations() -> dict[str, str | None]:
    """Read all operations, each with the version that it came with, where that is known."""
    facts: dict[str, str | None] = json.loads(
        Path(__file__).with_name("operations.json").read_text("utf-8")
    )
    return facts


def paths(stream: type[Shape]) -> list[str]:
    """List the paths that a stream asks, any argument of theirs written `{id}`."""
    asked = [stream.path, *BESIDE.get(stream.name, ())]
    if issubclass(stream, Export):
        asked += [stream.status_path, stream.file_path]
    if issubclass(stream, ReportExport):
        asked.append(DATASETS)
    return [re.sub(r"{[^}]*}", "{id}", path) for path in asked]


def called() -> dict[str, list[str]]:
    """Name, for each operation that is called, the streams that call it."""
    return {
        operation: streams
        for operation in operations()
        if (
            streams := [
                stream.name for stream in STREAMS if operation.partition(" ")[2] in paths(stream)
            ]
        )
    }


def page() -> str:
    """Write the page."""
    return PAGE.format(
        count=len(operations()),
        streams=len(STREAMS),
        fetched=len(called()),
        same=len(SAME),
        left=len(NOT_FETCHED),
        called_rows="\n".join(rows({one: linked(names) for one, names in called().items()})),
        same_rows="\n".join(rows(SAME)),
        left_rows="\n".join(rows(NOT_FETCHED)),
    )


def rows(told: Mapping[str, str]) -> Iterator[str]:
    """Write the rows of a table, in the order of the operations."""
    for operation, since in operations().items():
        if operation in told:
            yield f"| `{operation}` | {since or ''} | {told[operation]} |"


def linked(names: Sequence[str]) -> str:
    """List streams, each with a link; those that lie inside another's records at the end."""
    shapes = {stream.name: stream for stream in STREAMS}
    inside = [name for name in names if issubclass(shapes[name], Explode)]
    own = [name for name in names if name not in inside]
    text = ", ".join(f"[`{name}`](streams.md#{name})" for name in own)
    more = ", ".join(f"[`{name}`](streams.md#{name})" for name in inside)
    return f"{text}; inside: {more}" if more else text
