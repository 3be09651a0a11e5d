"""Write the pages that say what the tap can do from the tap itself: `make docs`.

python scripts/docs.py            write docs/settings.md, docs/streams.md, docs/coverage.md and
                                  the tables of README, docs/architecture.md and docs/truth.md
python scripts/docs.py --check    write nothing; exit with 1 if any of them is stale
"""

from __future__ import annotations

import ast
import json
import re
import sys
from copy import deepcopy
from functools import cache, singledispatch
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import covered
import yaml

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
    from collections.abc import Iterable, Sequence

    Schema = dict[str, Any]

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "tap_intercom"
PREFIX = "TAP_INTERCOM_"
MANY = 6
WIDTH = 100

# The SDK's own settings are described in meltano.yml, but for the one that Meltano need not offer.
ELSEWHERE = {
    "faker_config": "Seed and language of the `fake` that stream maps can use where the package "
    "`faker` is installed. The tap does not bring it.",
}

SETTINGS_PAGE = """\
# Settings

<!-- Written by scripts/docs.py, from the tap: change it there, and run `make docs`. -->

A setting comes from the file that `--config` names, under its name, or with `--config=ENV` from the
environment, under its variable. `--config` may be given more than once; the later one wins. In
Meltano, it is `meltano config set tap-intercom <name> <value>`, or the same variable. An object is
written as JSON in a variable, and so is a list; a yes or no is `true` or `false`. None is needed
but a token, and none at all for `--discover`, unless `custom_attributes` is `typed`.

## The tap's own

{own}

Secret ones are kept out of logs, errors, state and `--about`, and Meltano hides them.

## Those of every tap made with the Singer SDK

{common}

What the first two can do is told in
[Stream Maps](https://sdk.meltano.com/en/latest/stream_maps.html), and what the last can do in
[Batch Messages](https://sdk.meltano.com/en/latest/batch.html).
"""

STREAMS_PAGE = """\
# Streams

<!-- Written by scripts/docs.py, from the tap: change it there, and run `make docs`. -->

{count} streams. Those marked with ● are read unless you deselect them; the others are read when you
[select them](../README.md#choosing-streams). All ids are text, and all times are RFC 3339 in UTC.
The last column of every stream is `_rescued_data`: what arrived and fits no other column, under its
own path, or null ([why](behavior.md#types-that-flip-and-fields-that-appear)). Objects are open:
they keep the fields that are not named here. What a column says here, its `description` in the
catalogue says, too.

An incremental stream begins at its bookmark; in its first run, at `start_date`, or without one at
the beginning. A stream that is read whole can tell a target which rows are gone
([how](behavior.md#what-was-deleted)). What a stream costs is said in calls to Intercom, which is
what the rate limit counts. Every run begins with one call more, to `/me`. Which call is whose
is in [coverage.md](coverage.md).

A permission is ticked in Intercom's Developer Hub, in your app under *Configure*, *Authentication*.
What is set `like_this` is Intercom's name for it; for the others Intercom documents none.

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


def pages(readme: str) -> dict[str, str]:
    """Write every page, by its path below the project; README around its generated tables."""
    own, common = settings()
    by_area = {title: "\n".join(map(section, streams)) for title, streams in areas().items()}
    return {
        "docs/coverage.md": covered.page(),
        "docs/settings.md": SETTINGS_PAGE.format(own=own, common=common),
        "docs/streams.md": STREAMS_PAGE.format(
            count=len(STREAMS),
            areas="\n\n".join(
                f"## Streams of {title}\n\n{cost_table(areas()[title])}\n{sections}"
                for title, sections in by_area.items()
            ),
        ),
        "docs/architecture.md": filled(
            (PROJECT / "docs/architecture.md").read_text("utf-8"), "rooms", rooms()
        ),
        "docs/truth.md": filled(
            filled((PROJECT / "docs/truth.md").read_text("utf-8"), "live", live_table()),
            "unseen",
            unseen(),
        ),
        "README.md": filled(
            filled(readme, "settings", short_settings()), "streams", stream_tables()
        ),
    }


# From the top: each floor stands on those below it.
FLOORS = (
    ("cli",),
    ("check",),
    ("likeness",),
    ("tap",),
    ("streams",),
    ("bookmarks", "given", "shapes"),
    ("settings", "run"),
    ("login",),
    ("api",),
    ("batches", "spools"),
    ("audit", "messages", "concurrency", "files"),
    ("ending",),
    ("plain", "records"),
    ("sandbox",),
)


def rooms() -> str:
    """Ask each room its question, floor by floor; those of the sandbox are its own affair."""
    rows = []
    for floor in FLOORS:
        for room in floor:
            rows.append((code(room), question(PACKAGE / room)))
            if room not in {"sandbox", "streams"} and (PACKAGE / room).is_dir():
                modules = sorted((PACKAGE / room).glob("[a-z]*.py"))
                rows += [(code(f"{room}/{one.stem}"), question(one)) for one in modules]
    return grid(("Room", "Question"), rows)


def question(path: Path) -> str:
    """Read a module's or a package's question from its docstring."""
    module = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(module.read_text("utf-8"))) or ""
    asked, mark, _ = docstring.partition("?")
    return " ".join(asked.split()) + mark


def filled(text: str, marker: str, table: str) -> str:
    """Put a table between its markers."""
    between = re.compile(rf"(<!-- {marker} -->\n).*?(<!-- /{marker} -->)", re.DOTALL)
    return between.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", text)


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    cells = [list(head), ["---"] * len(list(head)), *map(list, rows)]
    return "\n".join(
        f"| {' | '.join(one.replace('|', chr(92) + '|') for one in row)} |" for row in cells
    )


def code(text: object) -> str:
    """Set in the type of programs."""
    return f"`{text}`"


# What was seen


@cache
def seen() -> dict[str, list[str]]:
    """Say of each stream in which recordings of live answers it has rows."""
    found: dict[str, list[str]] = {}
    for path in sorted((PROJECT / "tests/live").glob("*.json")):
        recording = json.loads(path.read_text("utf-8"))
        for stream, rows in recording["rows"].items():
            if rows:
                what = "answer" if recording["whole"] else "record"
                rescued = sorted({name for row in rows for name in row.get("_rescued_data", {})})
                told = f"; no column for {', '.join(map(code, rescued))}" if rescued else ""
                of_whom = "/".join(recording["source"].split("/")[3:5])
                link = f"[{of_whom}]({recording['source']})"
                found.setdefault(stream, []).append(
                    f"{recording['version']}, {what} of {link}{told}"
                )
    return found


def live_table() -> str:
    """List the streams that were held against live answers: in which version, and whose."""
    rows = [(f"[`{name}`](streams.md#{name})", "; ".join(told)) for name, told in by_stream(seen())]
    return grid(("Stream", "Seen in"), rows)


def unseen() -> str:
    """Name the streams that were not."""
    names = [f"`{stream.name}`" for stream in STREAMS if stream.name not in seen()]
    return "\n".join(wrap(", ".join(names) + ".", WIDTH))


def by_stream(found: dict[str, list[str]]) -> list[tuple[str, list[str]]]:
    """Put what was found in the order of streams."""
    return [(one.name, found[one.name]) for one in STREAMS if one.name in found]


# Settings


@cache
def properties() -> dict[str, Schema]:
    """Read every setting, the SDK's own at the end."""
    schema = deepcopy(TapIntercom.config_jsonschema)
    TapIntercom.append_builtin_config(schema)
    return dict(schema["properties"])


def own_settings() -> list[str]:
    """List the settings that the tap itself declares."""
    before = list(properties())
    return before[: before.index("strict") + 1]


@cache
def described_by_meltano() -> dict[str, str]:
    """Read what meltano.yml says of each setting."""
    project = yaml.safe_load((PROJECT / "meltano.yml").read_text("utf-8"))
    [tap] = project["plugins"]["extractors"]
    return {one["name"]: one["description"].rstrip(".") + "." for one in tap["settings"]}


def settings() -> tuple[str, str]:
    """Write the full table of the tap's own settings, and that of the SDK's."""
    own = own_settings()
    head = ("Setting", "Variable", "Kind", "Default", "What it does")
    rows = {
        name: (
            code(name),
            code(PREFIX + name.upper()),
            kind(declared),
            default(declared),
            declared["description"]
            if name in own
            else f"{ELSEWHERE.get(name) or described_by_meltano()[name]}{parts(declared)}",
        )
        for name, declared in properties().items()
    }
    common = [row for name, row in rows.items() if name not in own]
    return grid(head, [rows[name] for name in own]), grid(head, common)


def short_settings() -> str:
    """Write the table of the tap's own settings for README."""
    rows = [
        (code(name), default(declared), declared["description"])
        for name, declared in properties().items()
        if name in own_settings()
    ]
    return grid(("Setting", "Default", "What it does"), rows)


def kind(declared: Schema) -> str:
    """Name what a setting holds."""
    if "enum" in declared:
        return f"one of {choices(declared['enum'])}"
    name = "time" if declared.get("format") == "date-time" else kind_of(declared)
    name = {"string": "text", "boolean": "yes or no"}.get(name, name)
    low, high = declared.get("minimum"), declared.get("maximum")
    if high is not None:
        name += f", {low} to {high}"
    elif low is not None:
        name += f", {low} or more"
    return f"{name}, secret" if declared.get("secret") else name


def choices(values: list[str]) -> str:
    """List what may be chosen, and of very many the first and the last."""
    if len(values) <= MANY:
        return ", ".join(map(code, values))
    return f"{code(values[0])}, {code(values[1])}, … {code(values[-2])}, {code(values[-1])}"


def default(declared: Schema) -> str:
    """Write what holds where nothing is set."""
    value = declared.get("default")
    return "" if value is None else code(value if isinstance(value, str) else json.dumps(value))


def parts(declared: Schema) -> str:
    """Name the fields of a setting that is an object of known ones."""
    names = [name for name in _paths(declared, "") if not name.startswith("__")]
    return f" Its fields: {', '.join(map(code, names))}." if names else ""


def _paths(declared: Schema, path: str) -> list[str]:
    inside = declared.get("properties")
    if not inside:
        return [path] if path else []
    return [
        found
        for name, one in inside.items()
        for found in _paths(one, f"{path}.{name}" if path else name)
    ]


# Streams


@cache
def areas() -> dict[str, list[Shape]]:
    """Discover every stream, which asks Intercom nothing, by the module that it is in."""
    tap = TapIntercom(config={}, validate_config=False)
    found: dict[str, list[Shape]] = {}
    for stream in STREAMS:
        docstring = sys.modules[stream.__module__].__doc__ or ""
        title = docstring.partition(" of ")[2].strip(".\n")
        discovered = tap.streams[stream.name]
        if isinstance(discovered, Shape):
            found.setdefault(title, []).append(discovered)
    return found


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
    for title, streams in areas().items():
        rows = [
            (
                linked(one, "docs/streams.md"),
                sentence(type(one)),
                code(one.replication_key) if one.replication_key else "whole",
            )
            for one in streams
        ]
        heading = title[0].upper() + title[1:]
        tables.append(f"### {heading}\n\n{grid(('Stream', 'What it is', 'Incremental by'), rows)}")
    return "\n\n".join(tables)


def cost_table(streams: list[Shape]) -> str:
    """Write the table of an area's streams and what they cost."""
    rows = [(linked(one, ""), words(one)[1], one.min_version) for one in streams]
    return grid(("Stream", "Calls", "From version"), rows)


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
    }
    listed = "\n".join(wrapped(f"- {name}: {fact}", "  ") for name, fact in facts.items())
    rows = [
        (code(name), column_type(declared), declared["description"], inside(declared))
        for name, declared in stream.schema["properties"].items()
    ]
    table = grid(("Column", "Type", "What it is", "Fields known inside"), rows)
    told = wrapped(" ".join(filter(None, [sentence(type(stream)), REMARKS.get(stream.name)])))
    return f"\n### {stream.name}\n\n{told}\n\n{listed}\n\n{table}"


def wrapped(text: str, indent: str = "") -> str:
    """Break text into lines of the width that all pages have."""
    return "\n".join(wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False))


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


def inside(declared: Schema) -> str:
    """Name the known fields of an object, or of an array's objects."""
    while kind_of(declared) == "array":
        declared = declared["items"]
    return ", ".join(map(code, declared.get("properties", {})))


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
    more = f"from version {stream.apart_since} on 1 for {stream.rest}"
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


def main(arguments: list[str]) -> str | None:
    """Write what is stale, or with `--check` only name it."""
    readme = PROJECT / "README.md"
    stale = [
        name
        for name, page in pages(readme.read_text("utf-8")).items()
        if not (PROJECT / name).exists() or (PROJECT / name).read_text("utf-8") != page
    ]
    if "--check" in arguments:
        return f"Stale: {', '.join(stale)}. Run `make docs`." if stale else None
    for name in stale:
        (PROJECT / name).write_text(pages(readme.read_text("utf-8"))[name], "utf-8")
        print(f"Wrote {name}")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
