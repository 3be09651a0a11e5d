"""Which columns do nested objects become, where they are flattened?

What a schema declares. The SDK drops what it does not, and refuses two columns of one name; so what
would not have a column of its own is taken out of the schema, objects are closed, and `fitting`
rescues what they do not declare.
"""

from __future__ import annotations

import copy
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_sdk.helpers._flattening import flatten_key, get_flattening_options

from tap_intercom.records.schema import RESCUED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.helpers._flattening import FlatteningOptions

    Schema = dict[str, Any]

# PostgreSQL cuts longer names, and target-postgres then adds the column again, which fails.
LONGEST_NAME = 63


def levels(settings: Mapping[str, Any]) -> int:
    """Count the levels of nested objects that become columns."""
    options: FlatteningOptions = get_flattening_options(settings)  # type: ignore[arg-type]
    return max(options.max_level, 0) if options.enabled else 0


def distinct(schema: Schema, settings: Mapping[str, Any], keys: Iterable[str] = ()) -> Schema:
    """Leave out of a schema what would have the column of something else when it is flattened.

    Names are the same to a database that differ in case only, or after 63 bytes. Of several, what
    lies less deep has the column, and else what is declared first. Longer names have none, unless
    the settings allow for them.

    Raises:
        ValueError: Names are to be so short that a key would have another.
    """
    options: FlatteningOptions = get_flattening_options(settings)  # type: ignore[arg-type]
    schema = copy.deepcopy(schema)
    fields = [*_fields(schema["properties"], options, [])]
    for name in (RESCUED, *keys):
        if len(name) >= options.max_key_length:
            msg = f"flattening_max_key_length must be more than {len(name)}, the length of {name}"
            raise ValueError(msg)
    # The SDK would take a column that is called like an object for the object's.
    objects = {one.column for one in fields if one.is_object}
    longest = settings.get("flattening_max_key_length") or LONGEST_NAME
    taken: set[str] = set()
    for one in sorted(fields, key=attrgetter("depth")):
        if one.is_object:
            continue
        fits = len(one.column.encode("utf-8", "replace")) <= longest and one.column not in objects
        if fits and taken.isdisjoint(_forms(one.column)):
            taken.update(_forms(one.column))
        else:
            del one.beside[one.name]
    return schema


class _Field(NamedTuple):
    """What a schema declares: its name, those beside it, how deep it lies, and its column.

    Of an object that is flattened it is what the names of its fields' columns begin with.
    """

    name: str
    beside: Schema
    depth: int
    column: str
    is_object: bool


def _fields(properties: Schema, options: FlatteningOptions, path: list[str]) -> Iterator[_Field]:
    """List what is declared down to where columns are made, objects and their fields."""
    for name, declared in properties.items():
        column = flatten_key(name, path, options.separator, max_key_length=options.max_key_length)
        is_object = len(path) < options.max_level and _is_flattened(declared)
        yield _Field(name, properties, len(path), column, is_object)
        if is_object:
            yield from _fields(declared["properties"], options, [*path, name])


def _is_flattened(declared: Schema) -> bool:
    return "object" in declared.get("type", ()) and "properties" in declared


def _forms(column: str) -> Iterator[str]:
    """Give what databases may make of a name."""
    yield _cut(column).casefold()
    yield _cut(column.casefold())


def _cut(name: str) -> str:
    return name.encode("utf-8", "replace")[:LONGEST_NAME].decode("utf-8", "ignore")


def closed(schema: Schema, told: Schema, depth: int) -> Schema:
    """Close the objects that become columns, down to a depth, to all but what a target is told."""
    properties = {}
    for name, other in told["properties"].items():
        if (own := schema["properties"].get(name)) is not None:
            both = depth and _is_flattened(own) and _is_flattened(other)
            properties[name] = closed(own, other, depth - 1) if both else own
    return {**schema, "properties": properties, "additionalProperties": False}


def without_null_objects(row: Schema, told: Schema, depth: int) -> Schema:
    """Take objects out that are null, down to a depth, and become columns.

    The SDK would write one under its own name, which no schema declares: target-csv ends at that.
    """
    for name, declared in told["properties"].items():
        if _is_flattened(declared) and name in row:
            if row[name] is None:
                del row[name]
            elif depth > 1:
                without_null_objects(row[name], declared, depth - 1)
    return row
