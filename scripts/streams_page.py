"""Write what each stream is: its keys and joins, its columns, what it needs and what it costs."""

from __future__ import annotations

import re
import sys
from functools import cache, singledispatch
from typing import TYPE_CHECKING, Any

import entities
from tables import code, grid, wrapped

from tap_intercom.api.address import VERSIONS
from tap_intercom.records.descriptions import EVERYWHERE, INSIDE
from tap_intercom.records.descriptions import words as said
from tap_intercom.records.schema import kind_of
from tap_intercom.shapes.children import Explode
from tap_intercom.shapes.completed import Completed
from tap_intercom.shapes.contents import ContentExport
from tap_intercom.shapes.fan_out import FanOut
from tap_intercom.shapes.feed import Feed
from tap_intercom.shapes.lists import List, Singleton, Windows
from tap_intercom.shapes.reports import ReportExport
from tap_intercom.shapes.search import Search
from tap_intercom.shapes.shape import Shape
from tap_intercom.streams import STREAMS
from tap_intercom.streams.conversations import CallTranscripts
from tap_intercom.streams.people import Companies
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Iterator

    Schema = dict[str, Any]

PAGE = """\
# Streams

<!-- Written by scripts/docs.py, from the tap: change it there, and run `make docs`. -->

{count} streams. Those marked with ● are read unless you deselect them; the others are read when you
[select them](../README.md#choosing-streams). All ids are text, and all times are RFC 3339 in UTC.
The last column of every stream is `_rescued_data`: what arrived and fits no other column, under its
own path, or null ([why](behavior.md#types-that-flip-and-fields-that-appear)). Objects are open:
they keep the fields that are not named here. What a column says here, its `description` in the
catalogue says, too, and in PostgreSQL the comment on the
[column of a view](analytics.md#what-each-column-is). What lies in an object, or in the objects of a
list, is named by its path, as `source.body`.

An incremental stream begins at its bookmark; in its first run, at `start_date`, or without one at
the beginning. A stream that is read whole can tell a target which rows are gone
([how](behavior.md#what-was-deleted)). What a stream costs is said in calls to Intercom, which is
what the rate limit counts. Every run begins with one call more, to `/me`. Which call is whose
is in [coverage.md](coverage.md).

A permission is ticked in Intercom's Developer Hub, in your app under *Configure*, *Authentication*.
What is set `like_this` is Intercom's name for it; for the others Intercom documents none.

## What joins what

The streams that are read by default, each with its key in bold and its foreign keys. A foreign key
leads to the lane of the stream that it joins, and the lane to the key there.

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="entities-dark.svg">
  <img alt="The default streams, and what their foreign keys join" src="entities-light.svg">
</picture>

Each stream lists all its joins below, those to and from streams that have to be selected, too.
`author.id` and its like join one of two, and the `type` beside them says which.

## All streams by area

{contents}

{areas}
"""

# What the shape of a stream does not tell of its cost or its reach.
REMARKS = {
    "activity_logs": "A plan may leave it out.",
    "call_transcripts": "A call that belongs to no conversation cannot be asked for.",
    "contact_companies": "A row says which company; the company itself is in `companies`.",
    "contact_events": "Intercom keeps events for 90 days; rows that are older stay in your target.",
    "contact_tags": "Rows that lie in the contact have no `name`; it is in `tags`.",
    "conversation_parts": "The newest 500 come at once; older ones are asked for by their types.",
    "content_export_receipt": "A `company_id` or `series_id` of `-1` means none.",
    "custom_object_instances": "The list is read for each type that `custom_object_types` names.",
    "deleted_conversations": "What to remove from `conversations` in your target.",
    "team_metrics": "A plan may leave it out.",
    "ticket_parts": "Of a ticket Intercom gives the newest 500 parts.",
}


def page() -> str:
    """Write the page of all streams."""
    return PAGE.format(
        count=len(STREAMS),
        contents="\n".join(map(contents, areas())),
        areas="\n\n".join(
            f"## Streams of {titled(area)}\n\n{cost_table(streams)}\n"
            + "\n".join(map(section, streams))
            for area, streams in areas().items()
        ),
    )


def pictures() -> dict[str, str]:
    """Draw the default streams and their joins, for light and for dark pages."""
    shown = {
        area: [one for one in streams if one.selected_by_default]
        for area, streams in areas().items()
    }
    boxes = {heading(area): streams for area, streams in shown.items() if streams}
    title = "The default streams, and what their foreign keys join"
    return {
        f"docs/entities-{look}.svg": entities.picture(boxes, colors, title)
        for look, colors in entities.LOOKS.items()
    }


@cache
def areas() -> dict[str, list[Shape]]:
    """Discover every stream, which asks Intercom nothing, by the module that it is in."""
    tap = TapIntercom(config={}, validate_config=False)
    found: dict[str, list[Shape]] = {}
    for stream in STREAMS:
        docstring = sys.modules[stream.__module__].__doc__ or ""
        title = docstring.partition(" of ")[2]
        discovered = tap.streams[stream.name]
        if isinstance(discovered, Shape):
            found.setdefault(title, []).append(discovered)
    return found


def titled(area: str) -> str:
    """Give what an area is called: the end of its module's question."""
    return area.partition("?")[0].strip(".\n")


def heading(area: str) -> str:
    """Give the short form of it, without what explains it."""
    short = re.split(r"[:,]| and the ", titled(area))[0]
    return short[0].upper() + short[1:]


def contents(area: str) -> str:
    """List the streams of an area, with links."""
    anchor = re.sub(r"[^\w\- ]", "", f"streams of {titled(area)}".lower()).replace(" ", "-")
    # A space that no line is broken at.
    streams = ", ".join(linked(one, "").replace(" ", "\u00a0") for one in areas()[area])
    return wrapped(f"- [{heading(area)}](#{anchor}): {streams}", "  ")


def sentence(stream: type[Shape]) -> str:
    """Give the sentence that says what a stream is: its docstring."""
    return " ".join((stream.__doc__ or "").split())


def linked(stream: Shape, page: str) -> str:
    """Name a stream, with a link to where it is described, and the mark of those by default."""
    mark = "● " if stream.selected_by_default else ""
    return f"{mark}[{code(stream.name)}]({page}#{stream.name})"


def stream_tables() -> str:
    """Write README's tables of the streams, one for each area."""
    tables = []
    for area, streams in areas().items():
        rows = [
            (
                linked(one, "docs/streams.md"),
                sentence(type(one)),
                code(one.replication_key) if one.replication_key else "whole",
            )
            for one in streams
        ]
        title, note = titled(area), area.partition("?")[2].strip()
        tables.append(
            "\n\n".join(
                [
                    f"### {title[0].upper() + title[1:]}",
                    *filter(None, [note]),
                    grid(("Stream", "What it is", "Incremental by"), rows),
                ]
            )
        )
    return "\n\n".join(tables)


def cost_table(streams: list[Shape]) -> str:
    """Write the table of an area's streams and what they cost."""
    rows = [
        (linked(one, ""), words(one)[1], one.min_version, permission(one).partition(";")[0])
        for one in streams
    ]
    return grid(("Stream", "Calls", "From version", "Permission"), rows)


def section(stream: Shape) -> str:
    """Describe one stream."""
    replication, calls = words(stream)
    facts = {
        "Key": ", ".join(map(code, stream.primary_keys)),
        "Replication": replication,
        "Calls": calls,
        "API version": f"{stream.min_version} or newer",
        "Permission": permission(stream),
        "Selected by default": "yes" if stream.selected_by_default else "no",
        "Joins": joins(stream),
        "Joined by": joined_by(stream.name),
    }
    listed = "\n".join(wrapped(f"- {name}: {fact}", "  ") for name, fact in facts.items() if fact)
    table = grid(("Column", "Type", "What it is"), rows(stream.schema))
    told = wrapped(" ".join(filter(None, [sentence(type(stream)), REMARKS.get(stream.name)])))
    return f"\n### {stream.name}\n\n{told}\n\n{listed}\n\n{table}"


def joins(stream: Shape) -> str:
    """Say which of a stream's columns join what."""
    return ", ".join(
        f"{code(path)} → {' or '.join(map(to_column, targets))}"
        for path, targets in entities.joins(stream).items()
    )


def to_column(target: str) -> str:
    """Name a column of another stream, with a link to that."""
    return f"[{code(target)}](#{target.partition('.')[0]})"


def joined_by(name: str) -> str:
    """Say which columns of other streams join a stream."""
    found = {
        stream.name: [
            path
            for path, targets in entities.joins(stream).items()
            if any(target.startswith(f"{name}.") for target in targets)
        ]
        for streams in areas().values()
        for stream in streams
    }
    return ", ".join(
        f"[{code(other)}](#{other}) ({', '.join(map(code, paths))})"
        for other, paths in found.items()
        if paths
    )


def rows(declared: Schema, path: str = "") -> Iterator[tuple[str, str, str]]:
    """List the columns, and after each what is in it of which there is more to say than its name.

    What is a row of another stream is described there: here only its key is.
    """
    for name, one in declared["properties"].items():
        told = one.get("description", "")
        is_row = path.rstrip(".").rpartition(".")[2] in INSIDE and name != "id"
        if path and (not told or told in plain() or is_row):
            continue
        inner = items(one)
        within = f"{path}{name}."
        below = list(rows(inner, within)) if inner.get("properties") else []
        shown = {below_it[0].strip("`")[len(within) :] for below_it in below}
        others = [code(other) for other in inner.get("properties", {}) if other not in shown]
        more = f" {'Also inside' if below else 'Inside'}: {', '.join(others)}." if others else ""
        yield code(f"{path}{name}"), column_type(one), told + more
        yield from below


def items(declared: Schema) -> Schema:
    """Open a list."""
    while kind_of(declared) == "array":
        declared = declared["items"]
    return declared


@cache
def plain() -> set[str]:
    """Give what is said of any field of a name, wherever it lies."""
    return {text for name, text in said()[EVERYWHERE].items() if name.startswith(".")}


def permission(stream: Shape) -> str:
    """Name what to tick for a stream; identifiers are Intercom's own names."""
    if stream.permission == Shape.permission:
        return "none; every token may"
    return code(stream.permission) if stream.permission.isidentifier() else stream.permission


def column_type(declared: Schema) -> str:
    """Name a column's type."""
    name = kind_of(declared)
    if name == "array":
        return f"array of {column_type(declared['items'])}"
    return str(declared.get("format", name))


# How each shape is replicated, and the calls that it costs

WHOLE = "whole, in each run"

# What reading a search in parts costs: the last page of each part is not full.
MORE_IN_PARTS = ", and up to a third more where there are thousands"

# How many records Intercom puts on a page where it is not asked for a number; None where nobody
# says. A list that is neither here nor asked for pages comes in one.
PAGES_OF_ITS_OWN = {
    "article_versions": 25,
    "audiences": 50,
    "collections": 20,
    "company_contacts": 50,
    "company_notes": 50,
    "contact_notes": 50,
    "content_import_sources": 50,
    "content_snippets": None,
    "dynamic_contents": None,
    "external_pages": 50,
    "folders": None,
    "internal_articles": 25,
    "news_items": 10,
    "newsfeed_items": 20,
    "newsfeeds": 10,
}


@singledispatch
def words(stream: Shape) -> tuple[str, str]:
    """Say how a stream is replicated, and what it costs, by its shape.

    Raises:
        NotImplementedError: There is a new shape, which nobody has put into words yet.
    """
    raise NotImplementedError(type(stream).__mro__)


@words.register
def _(_: Singleton) -> tuple[str, str]:
    return WHOLE, "1"


@words.register
def _(stream: List) -> tuple[str, str]:
    if not stream.replication_key:
        return WHOLE, reading(stream)
    how = "the list is read whole, and what changed since the bookmark is passed on"
    if stream.newest_first:
        how = "the list is newest first, and read as far as the bookmark"
    if stream.since_param:
        how = f"Intercom leaves out what did not change since ({code(stream.since_param)})"
    return by_key(stream, how), reading(stream)


@words.register
def _(stream: Completed) -> tuple[str, str]:
    since = "" if stream.apart_since == VERSIONS[0] else f"from version {stream.apart_since} on "
    more = f"{since}1 for {stream.rest}"
    return WHOLE, f"{reading(stream)}, and {more}"


@words.register
def _(stream: Windows) -> tuple[str, str]:
    return (
        by_key(stream, "from the bookmark on, a month at a time"),
        f"1 per month, and per {stream.params['per_page']} records in it",
    )


@words.register
def _(stream: Search) -> tuple[str, str]:
    exact = stream.exact_since == Search.exact_since
    wider = "" if exact else f"; before version {stream.exact_since}, a day more on each side"
    return (
        by_key(stream, "searched for from the bookmark on, oldest change first"),
        reading(stream) + MORE_IN_PARTS + wider,
    )


@words.register
def _(stream: Companies) -> tuple[str, str]:
    how = (
        "`scroll` and `list` read all there are, and what changed since the bookmark is passed on; "
        "`search` asks for what changed (the setting `companies_method`)"
    )
    return by_key(stream, how), reading(stream)


@words.register
def _(stream: Explode) -> tuple[str, str]:
    if issubclass(stream.of, Companies):
        return rows_of(stream), f"those of {code(stream.of.name)}"
    again = f"those of {code(stream.of.name)} once more: {reading(stream.parent)}"
    return rows_of(stream), again


@words.register
def _(stream: FanOut) -> tuple[str, str]:
    how_many = "1 or more" if paged(stream) else "1"
    return rows_of(stream), f"{how_many} per {asked(stream)}, plus {found(stream)} to find them"


@words.register
def _(stream: CallTranscripts) -> tuple[str, str]:
    return rows_of(stream), f"1 per 20 calls, plus {found(stream)} to find them"


@words.register
def _(stream: Feed) -> tuple[str, str]:
    how = "newest first as far as the bookmark"
    if stream.span_params:
        how = "what Intercom has since the bookmark"
    return (
        by_key(stream, f"of every {noun(stream)}, changed or not, {how}"),
        f"1 or more per {noun(stream)}, in each run, plus {found(stream)} to find them",
    )


# What an export costs, beside looking whether it is done.
EXPORTING = "2 and 1 for each look whether it is done"


@words.register
def _(stream: ContentExport) -> tuple[str, str]:
    how = "what was sent since the bookmark less `export_lookback_days`"
    return by_key(stream, how), f"{EXPORTING}, once a run for all `content_export_…` streams"


@words.register
def _(stream: ReportExport) -> tuple[str, str]:
    how = "what is of a time since the bookmark less `export_lookback_days`"
    return by_key(stream, how), f"{EXPORTING}, plus 1 a run for all reports"


def by_key(stream: Shape, how: str) -> str:
    """Say how a stream is replicated that has a replication key."""
    return f"incremental by {code(stream.replication_key)}: {how}"


def noun(stream: Explode | FanOut) -> str:
    """Name a parent."""
    return stream.of.noun.replace("_", " ")


def rows_of(stream: Explode | FanOut) -> str:
    """Say which rows a run brings."""
    if not stream.replication_key:
        return WHOLE
    return by_key(stream, f"all rows of every {noun(stream)} that changed since the bookmark")


def asked(stream: FanOut) -> str:
    """Say for which parents a call is made."""
    conditions = ["changed"] if stream.replication_key else []
    if stream.inline:
        conditions.append(f"has more {' and '.join(stream.counted)} than the ten that lie in it")
    elif stream.counted:
        conditions.append(f"has {' or '.join(stream.counted)}")
    if stream.only_if:
        conditions.append(stream.only_if.replace("_", " "))
    return f"{noun(stream)} that {' and '.join(conditions)}" if conditions else noun(stream)


def found(stream: FanOut) -> str:
    """Say what finding the parents costs."""
    if issubclass(stream.of, Companies):
        return f"those of {code(stream.of.name)}"
    whole = stream.replication_key != f"{stream.of.noun}_{stream.of.replication_key}"
    return reading(stream.parent, whole=whole)


def paged(stream: Shape) -> bool:
    """Say whether the rows may come in pages."""
    return "per_page" in stream.params or stream.name in PAGES_OF_ITS_OWN


def reading(stream: Shape, *, whole: bool = False) -> str:
    """Say what reading records costs: those that are new to the bookmark, or the whole of them."""
    records = stream.name.replace("_", " ")
    if isinstance(stream, Companies):
        return (
            "1 per page of all companies, once a run for all streams that read them; with "
            "`companies_method` `search`, 1 per page of those that changed, for each such stream"
        )
    if isinstance(stream, Search):
        return f"1 per {stream.largest_page} {records}{'' if whole else ' that changed'}"
    if not paged(stream):
        return "1"
    size = stream.params.get("per_page") or PAGES_OF_ITS_OWN[stream.name]
    some = ""
    if isinstance(stream, List) and not whole:
        some = " since the bookmark" if stream.newest_first else ""
        some = " that changed" if stream.since_param else some
    return (f"1 per {size} {records}" if size else f"1 per page of {records}") + some
