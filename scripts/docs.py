"""Write the pages that say what the tap can do from the tap itself: `make docs`.

python scripts/docs.py            write docs/settings.md, docs/streams.md and its picture,
                                  docs/coverage.md, and the tables of README,
                                  docs/architecture.md and docs/truth.md
python scripts/docs.py --check    write nothing; exit with 1 if any of them is stale
"""

from __future__ import annotations

import ast
import json
import sys
from copy import deepcopy
from functools import cache
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import covered
import streams_page
import yaml
from tables import WIDTH, code, filled, grid

from tap_intercom.records.schema import kind_of
from tap_intercom.streams import STREAMS
from tap_intercom.tap import TapIntercom

if TYPE_CHECKING:
    Schema = dict[str, Any]

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "tap_intercom"
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


def pages(readme: str) -> dict[str, str]:
    """Write every page, by its path below the project; README around its generated tables."""
    own, common = settings()
    return {
        "docs/coverage.md": covered.page(),
        "docs/settings.md": SETTINGS_PAGE.format(own=own, common=common),
        "docs/streams.md": streams_page.page(),
        **streams_page.pictures(),
        "docs/architecture.md": filled(
            (PROJECT / "docs/architecture.md").read_text("utf-8"), "rooms", rooms()
        ),
        "docs/truth.md": filled(
            filled((PROJECT / "docs/truth.md").read_text("utf-8"), "live", live_table()),
            "unseen",
            unseen(),
        ),
        "README.md": filled(
            filled(readme, "settings", short_settings()), "streams", streams_page.stream_tables()
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
