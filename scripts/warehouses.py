"""What would BigQuery and Snowflake make of each stream's schema? Their own loaders say it.

tap-intercom --config config.json --discover > catalog.json
python scripts/warehouses.py bigquery catalog.json    where z3-target-bigquery is installed
python scripts/warehouses.py snowflake catalog.json   where meltanolabs-target-snowflake is

No account is needed: only the loader's translation of schemas is run.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Schema = dict[str, Any]


class Column(NamedTuple):
    """A column, or a field within one."""

    name: str
    kind: str
    required: bool
    path: tuple[str, ...] = ()


def bigquery(schema: Schema) -> Iterator[Column]:
    """Ask z3-target-bigquery, as it does with `denormalized`."""
    from target_bigquery.core import SchemaTranslator  # noqa: PLC0415  only one of the two is there

    def fields(found: Any, path: tuple[str, ...]) -> Iterator[Column]:
        for one in found:
            repeated = " REPEATED" if one.mode == "REPEATED" else ""
            yield Column(one.name, f"{one.field_type}{repeated}", one.mode == "REQUIRED", path)
            yield from fields(one.fields, (*path, one.name))

    yield from fields(SchemaTranslator(schema, {}).translated_schema, ())


def snowflake(schema: Schema) -> Iterator[Column]:
    """Ask meltanolabs-target-snowflake, with its defaults."""
    from target_snowflake.connector import SnowflakeConnector  # noqa: PLC0415

    connector = SnowflakeConnector(config={})
    for name, declared in schema["properties"].items():
        yield Column(name, repr(connector.to_sql_type(declared)), required=False)


LOADERS: dict[str, Callable[[Schema], Iterator[Column]]] = {
    "bigquery": bigquery,
    "snowflake": snowflake,
}


def main(loader: str, catalog: str) -> str | None:
    """Count the types, and name what a loader would stumble over."""
    kinds: Counter[str] = Counter()
    wrong = []
    streams = json.loads(Path(catalog).read_text("utf-8"))["streams"]
    for stream in streams:
        seen = set()
        for column in LOADERS[loader](stream["schema"]):
            kinds[column.kind] += 1
            place = (*column.path, column.name.casefold())
            called = ".".join((stream["tap_stream_id"], *column.path, column.name))
            if place in seen:
                wrong.append(f"{called}: the name is there twice")
            if column.required and column.name not in stream["key_properties"]:
                wrong.append(f"{called}: it may not be null")
            seen.add(place)
    print(f"{len(streams)} streams")
    for kind, count in kinds.most_common():
        print(f"{count:>6}  {kind}")
    return "\n".join(wrong) or None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 3 else __doc__)  # noqa: PLR2004
