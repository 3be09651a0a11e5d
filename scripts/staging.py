"""Write the staging models of transform/ from the tap's own schemas: `make docs`.

python scripts/staging.py            write transform/models/staging
python scripts/staging.py --check    write nothing; exit with 1 if a file is stale
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from streams_page import areas, sentence
from tables import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_intercom.shapes.shape import Shape

    Schema = dict[str, Any]

PROJECT = Path(__file__).resolve().parent.parent
STAGING = PROJECT / "transform" / "models" / "staging"
SOURCE = "tap_intercom"

# Streams that have to be selected, and that the other models make use of where they are.
CHOSEN = {
    "article_statistics", "company_contacts", "company_segments", "company_tags",
    "contact_companies", "contact_segments", "contact_subscriptions", "contact_tags",
    "conversation_contacts", "conversation_tags", "conversation_teammates",
    "office_hours_exceptions",
}  # fmt: skip

KINDS = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}
FORMATS = {"date-time": "time", "date": "date"}

# Who is meant, or what lies above: in some versions Intercom writes 0 for nobody and nothing.
POINTER = re.compile(r"(^|[._])(assignee|owner|admin|author|closed_by|\w+_by|parent|folder)_id$")
POINTERS = {"assigned_to.id", "applied_by.id"}


def staged() -> list[Shape]:
    """List the streams that have a staging model."""
    streams = [stream for some in areas().values() for stream in some]
    return [one for one in streams if one.selected_by_default or one.name in CHOSEN]


def columns(schema: Schema, path: str = "") -> Iterator[tuple[str, str]]:
    """Name every column of a stream by its path, with its kind: objects are opened, lists are not.

    An object of which nothing is known, such as `custom_attributes`, is one column.
    """
    for name, declared in schema["properties"].items():
        here = f"{path}{name}"
        kind = next(one for one in declared["type"] if one != "null")
        if kind == "object" and declared.get("properties"):
            yield from columns(declared, f"{here}.")
        elif POINTER.search(here) or here in POINTERS:
            yield here, "pointer"
        else:
            yield here, FORMATS.get(declared.get("format", ""), KINDS.get(kind, "json"))


def named(schema: Schema) -> dict[str, str]:
    """Give each column one path, or `a|b` where two versions have it in two places."""
    paths: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for path, kind in columns(schema):
        name = path.replace(".", "_")
        paths[name] = f"{paths[name]}|{path}" if name in paths else path
        kinds.setdefault(name, kind)
    return {paths[name]: kind for name, kind in kinds.items()}


def model(stream: Shape) -> str:
    """Write the model of one stream."""
    listed = "".join(f'    "{path}": "{kind}",\n' for path, kind in named(stream.schema).items())
    return (
        "-- Written by scripts/staging.py from the tap's schema: `make docs`.\n"
        f'{{{{ staged(source("{SOURCE}", "{stream.name}"), {{\n{listed}}}) }}}}\n'
    )


def described(streams: list[Shape]) -> str:
    """Write what dbt is told of the tables, and of the views upon them."""
    tables = "".join(f"      - name: {one.name}\n{said(one, ' ' * 8)}" for one in streams)
    views = "".join(f"  - name: stg_{one.name}\n{said(one, ' ' * 4)}{view(one)}" for one in streams)
    return (
        "# Written by scripts/staging.py: `make docs`.\n"
        "version: 2\n\n"
        f"sources:\n  - name: {SOURCE}\n"
        "    description: What the tap and a loader brought, as it came.\n"
        "    schema: \"{{ var('raw_schema') }}\"\n"
        f"    tables:\n{tables}\nmodels:\n{views}"
    )


def said(stream: Shape, indent: str) -> str:
    """Write what a stream is."""
    return description(sentence(type(stream)), indent)


def description(text: str, indent: str) -> str:
    """Write a description, as YAML folds it."""
    inner = f"{indent}  "
    lines = wrap(text, WIDTH, initial_indent=inner, subsequent_indent=inner, break_on_hyphens=False)
    return "\n".join([f"{indent}description: >-", *lines, ""])


def view(stream: Shape) -> str:
    """Write what each column of a view is, and the tests of its key."""
    key = stream.primary_keys
    tested = "[unique, not_null]" if len(key) == 1 else "[not_null]"
    together = (
        "    data_tests:\n      - unique_together:\n          arguments:\n"
        f"            columns: [{', '.join(key)}]\n"
    )
    listed = "".join(
        f"      - name: {name}\n"
        + description(text, " " * 8)
        + (f"        data_tests: {tested}\n" if name in key else "")
        for name, text in told(stream.schema).items()
    )
    return f"{together if len(key) > 1 else ''}    columns:\n{listed}"


# What `staged` adds to each view.
ADDED = {
    "_loaded_by": "The run of the loader that brought the row; null where the loader names none.",
    "_loaded_at": "When the loader wrote the row; null where it does not say. In UTC.",
}


def told(schema: Schema) -> dict[str, str]:
    """Say of each column of a view what it is: what the tap says of it, but for nobody's 0."""
    found = {}
    for path in named(schema):
        names = path.partition("|")[0].split(".")
        declared = schema
        for name in names:
            declared = declared["properties"][name]
        found["_".join(names)] = declared["description"].replace("null or 0 where", "null where")
    return {**found, **ADDED}


def pages() -> dict[Path, str]:
    """Write every file, by its path."""
    streams = staged()
    models = {STAGING / f"stg_{one.name}.sql": model(one) for one in streams}
    return {**models, STAGING / "staging.yml": described(streams)}


def main(arguments: list[str]) -> str | None:
    """Write what is stale, or with `--check` only name it."""
    wanted = pages()
    there = {path: path.read_text("utf-8") for path in STAGING.glob("*")}
    stale = sorted(path for path in {*wanted, *there} if wanted.get(path) != there.get(path))
    if "--check" in arguments:
        names = ", ".join(path.name for path in stale)
        return f"Stale: {names}. Run `make docs`." if stale else None
    for path in stale:
        if path in wanted:
            path.write_text(wanted[path], "utf-8")
        else:
            path.unlink()
        print(f"Wrote {path.name}")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
