"""Write the pages that say what the tap can do from the tap itself: `make docs`.

python scripts/docs.py            write docs/settings.md, docs/streams.md and README's tables
python scripts/docs.py --check    write nothing; exit with 1 if any of them is stale
"""

from __future__ import annotations

import json
import re
import sys
from copy import deepcopy
from functools import cache, singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tap_intercom.shapes import Explode, FanOut, List, Scroll, Search, Shape, Singleton, Windows
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Schema = dict[str, Any]

PROJECT = Path(__file__).resolve().parent.parent
PREFIX = "TAP_INTERCOM_"
MANY = 6

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
written as JSON in a variable, and a yes or no as `true` or `false`. None is needed but a token, and
none at all for `--discover`.

## The tap's own

{own}

Secret ones are kept out of logs, errors, state and `--about`, and Meltano hides them.

## Those of every tap made with the Singer SDK

{common}

What the first two can do is told in [Stream Maps](https://sdk.meltano.com/en/latest/stream_maps.html),
and what the last can do in [Batch Messages](https://sdk.meltano.com/en/latest/batch.html).
"""

STREAMS_PAGE = """\
# Streams

<!-- Written by scripts/docs.py, from the tap: change it there, and run `make docs`. -->

{count} streams. All ids are text, and all times are RFC 3339 in UTC. The last column of every
stream is `_rescued_data`: what arrived and fits no other column, under its own path, or null
([why](behavior.md#types-that-flip-and-fields-that-appear)). Objects are open: they keep the fields
that are not named here.

An incremental stream begins at its bookmark; in its first run, at `start_date`, or without one at
the beginning. What a stream costs is said in calls to Intercom, which is what the rate limit
counts. Every run begins with one call more, to `/me`.

{table}
{sections}
"""


def pages(readme: str) -> dict[str, str]:
    """Write every page, by its path below the project; README around its generated tables."""
    own, common = settings()
    table = stream_table("")
    return {
        "docs/settings.md": SETTINGS_PAGE.format(own=own, common=common),
        "docs/streams.md": STREAMS_PAGE.format(
            count=len(streams()), table=table, sections="\n".join(map(section, streams()))
        ),
        "README.md": filled(
            filled(readme, "settings", short_settings()),
            "streams",
            stream_table("docs/streams.md"),
        ),
    }


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
    name = "time" if declared.get("format") == "date-time" else _type(declared)
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
def streams() -> tuple[Shape, ...]:
    """Discover every stream, which asks Intercom nothing."""
    tap = TapIntercom(config={}, validate_config=False)
    return tuple(stream for stream in tap.streams.values() if isinstance(stream, Shape))


def sentence(stream: type[Shape]) -> str:
    """Give the sentence that says what a stream is: its docstring."""
    return " ".join((stream.__doc__ or "").split())


def stream_table(page: str) -> str:
    """Write the table of all streams, each with a link to where it is described."""
    rows = [
        (
            f"[{code(one.name)}]({page}#{one.name})",
            sentence(type(one)),
            ", ".join(map(code, one.primary_keys)),
            code(one.replication_key) if one.replication_key else "whole, each run",
        )
        for one in streams()
    ]
    return grid(("Stream", "What it is", "Key", "Incremental by"), rows)


def section(stream: Shape) -> str:
    """Describe one stream."""
    replication, calls = words(stream)
    facts = {
        "Key": ", ".join(map(code, stream.primary_keys)),
        "Replication": replication,
        "Calls": calls,
        "API version": f"{stream.min_version} or newer",
        "Selected by default": "yes" if stream.selected_by_default else "no",
    }
    listed = "\n".join(f"- {name}: {fact}" for name, fact in facts.items())
    rows = [
        (code(name), column_type(declared), inside(declared))
        for name, declared in stream.schema["properties"].items()
    ]
    table = grid(("Column", "Type", "Fields known inside"), rows)
    return f"\n## {stream.name}\n\n{sentence(type(stream))}\n\n{listed}\n\n{table}"


def column_type(declared: Schema) -> str:
    """Name a column's type."""
    name = _type(declared)
    if name == "array":
        return f"array of {column_type(declared['items'])}"
    return str(declared.get("format", name))


def inside(declared: Schema) -> str:
    """Name the known fields of an object, or of an array's objects."""
    while _type(declared) == "array":
        declared = declared["items"]
    return ", ".join(map(code, declared.get("properties", {})))


def _type(declared: Schema) -> str:
    types = declared["type"]
    return next(one for one in ([types] if isinstance(types, str) else types) if one != "null")


# How each shape is replicated, and the calls that it costs


@singledispatch
def words(stream: Shape) -> tuple[str, str]:
    """Say how a stream is replicated, and what it costs, by its shape.

    Raises:
        NotImplementedError: There is a new shape, which nobody has put into words yet.
    """
    raise NotImplementedError(type(stream).__mro__)


@words.register
def _(_: Singleton) -> tuple[str, str]:
    return "whole, in each run", "one"


@words.register
def _(stream: List) -> tuple[str, str]:
    size = stream.params.get("per_page")
    calls = f"one per {size} records" if size else "one, or one per page where Intercom makes pages"
    if not stream.replication_key:
        return "whole, in each run", calls
    end = "as far as the bookmark" if stream.newest_first else "whole; what changed is passed on"
    return f"incremental by {code(stream.replication_key)}: the list is read {end}", calls


@words.register
def _(stream: Windows) -> tuple[str, str]:
    return (
        f"incremental by {code(stream.replication_key)}: from the bookmark on, a month at a time",
        f"one per month, and per {stream.params['per_page']} records in it",
    )


@words.register
def _(stream: Search) -> tuple[str, str]:
    return (
        f"incremental by {code(stream.replication_key)}: searched for, oldest change first",
        "one per `page_size` records that changed",
    )


@words.register
def _(stream: Scroll) -> tuple[str, str]:
    return (
        f"incremental by {code(stream.replication_key)}: all are read; what changed is passed on",
        "one per page of all there are, in pages of Intercom's size",
    )


@words.register
def _(stream: Explode) -> tuple[str, str]:
    return f"incremental by {code(stream.replication_key)}: {changed(stream)}", searched(stream)


@words.register
def _(stream: FanOut) -> tuple[str, str]:
    one_each = f"one per {stream.of.noun} that changed, up to `max_concurrency` at once"
    return (
        f"incremental by {code(stream.replication_key)}: {changed(stream)}",
        f"{one_each}, and to find them {searched(stream)}",
    )


def changed(stream: Explode | FanOut) -> str:
    """Say which rows an incremental run brings."""
    return f"all rows of every {stream.of.noun} that changed since the bookmark"


def searched(stream: Explode | FanOut) -> str:
    """Say what finding the parents costs."""
    return f"one per `page_size` {stream.parent.name} that changed"


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
