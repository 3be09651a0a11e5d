"""How is what arrives made to fit its schema?

What can be converted without loss is converted; what cannot, and root fields that the schema does
not know, is delivered in `_rescued_data`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_intercom.records import times
from tap_intercom.records.corrections import TEXTS
from tap_intercom.records.schema import RESCUED, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Schema = dict[str, Any]
    Record = dict[str, Any]
    Rescued = dict[str, Any]
    # The names that lead to a value, the last one first.
    Where = tuple["Where", str | int] | None


def compiled(schema: Schema, keys: Iterable[str]) -> Callable[[Record], Record]:
    """Compile a stream's schema to a function that makes a record fit it, in place.

    The function converts what can be converted without loss, moves what cannot, and root fields
    that the schema does not know, to `_rescued_data` under their path (`location.city`,
    `tags.data.3.id`); likewise those of objects within that are not open. It fills a key that is
    missing with a digest of the record, or with the beginning of 1970 where it is a time, and
    shortens one that is too long for a database.
    """
    properties = schema["properties"]
    known = properties.keys() - {RESCUED}
    fields = {name: one for name, one in properties.items() if name in known}
    fit_fields = _compiled(fields, keys)

    def fit(record: Record) -> Record:
        rescued: Rescued = {}
        if not known.issuperset(record):
            for name in [name for name in record if name not in known]:
                rescued[name] = record.pop(name)
        fit_fields(record, rescued)
        return record

    return fit


def _compiled(
    properties: Mapping[str, Schema], keys: Iterable[str]
) -> Callable[[Record, Rescued], None]:
    """Write the function that fits the fields of a record: a line or two for each, and no call.

    It is asked of each value of each record, and takes half the time of a walk over the schema.
    """
    lines = ["def fit(record, rescued):"]
    for name, declared in properties.items():
        lines.append(f" x = record.get({name!r})")
        lines += _lines(declared, _Value("x", f"record[{name!r}]", "None", repr(name)), " ")
    lines.append(f" record[{RESCUED!r}] = rescued or None")
    for key in keys:
        lines.append(f" x = record.get({key!r})")
        lines.append(f" if x is None: record[{key!r}] = {_missing(properties[key])}")
        lines.append(f" elif len(x) > {LONGEST_KEY}: shorten({key!r}, record, rescued)")
    names: dict[str, Any] = {"move": _move, "HOURS": times.HOURS, "SECONDS": times.SECONDS}
    names |= {"digest": digest, "shorten": _shorten}
    names |= {f"fit_{form.replace('-', '_')}": _fit(one) for form, one in CONVERSIONS.items()}
    exec("\n".join(lines), names)  # noqa: S102  made of names of fields, as literals
    return names["fit"]  # type: ignore[no-any-return]


class _Value(NamedTuple):
    """How a value is written in the function: itself, its place, and what its path is made of."""

    it: str
    place: str
    where: str
    name: str

    def inside(self, key: str, depth: int) -> _Value:
        """Write a value inside this one."""
        return _Value(f"x{depth}", f"{self.it}[{key}]", f"({self.where}, {self.name})", key)

    def becomes(self, function: str) -> str:
        """Write that a function makes something else of it."""
        return f"{self.place} = {function}({self.it}, {self.where}, {self.name}, rescued)"


# What fits as it is. Integers are not among it: one may be too large.
AS_THEY_ARE: Mapping[str, str] = {"number": "float", "boolean": "bool"}


# By the names of fields as they are written in the function.
WRITTEN_TEXTS: Mapping[str, str] = {repr(name): field for name, field in TEXTS.items()}


def _lines(schema: Schema, value: _Value, pad: str) -> Iterator[str]:
    """Write the lines that make a value fit."""
    it, kind, depth = value.it, kind_of(schema), len(pad)
    form = schema.get("format", kind)
    if kind == "array":
        yield f"{pad}if {it}.__class__ is list:"
        inside = value.inside(f"at{depth}", depth)
        yield f"{pad} for {inside.name}, {inside.it} in enumerate({it}):"
        yield from _lines(schema["items"], inside, f"{pad}  ")
        yield f"{pad}elif {it} is not None: {value.becomes('move')}"
    elif kind == "object":
        yield from _lines_of_object(schema, value, pad)
    elif form == "date-time":
        yield f"{pad}if {it}.__class__ is int and 0 <= {it} < {times.SECONDS_BEFORE}:"
        yield f"{pad} {value.place} = HOURS[{it} // 3600] + SECONDS[{it} % 3600]"
        yield f"{pad}elif {it} is not None: {value.becomes('fit_date_time')}"
    elif form == "string":  # ids are often numbers
        yield f"{pad}if {it}.__class__ is not str and {it} is not None:"
        yield f"{pad} if {it}.__class__ is int: {value.place} = str({it})"
        yield f"{pad} else: {value.becomes('fit_string')}"
    else:
        fits = f"{it}.__class__ is {AS_THEY_ARE.get(form)}"
        if form == "integer":
            fits = f"{it}.__class__ is int and {-_LARGEST} <= {it} < {_LARGEST}"
        yield f"{pad}if not ({fits}) and {it} is not None: {value.becomes(f'fit_{form}')}"


def _lines_of_object(schema: Schema, value: _Value, pad: str) -> Iterator[str]:
    """Write the lines that make an object fit; a text may stand for one of its fields."""
    it, depth, fields = value.it, len(pad), schema.get("properties", {})
    yield f"{pad}if {it}.__class__ is dict:"
    yield f"{pad} pass"
    if schema.get("additionalProperties") is False:
        inside, known = value.inside("name", depth), ", ".join(map(repr, fields))
        yield f"{pad} for name in [one for one in {it} if one not in {{{known}}}]:"
        yield f"{pad}  move({it}.pop(name), {inside.where}, name, rescued)"
    for name, declared in fields.items():
        inside = value.inside(repr(name), depth)
        yield f"{pad} {inside.it} = {it}.get({name!r})"
        yield from _lines(declared, inside, f"{pad} ")
    if (text := WRITTEN_TEXTS.get(value.name)) in fields:
        yield f"{pad}elif {it}.__class__ is str: {value.place} = {{{text!r}: {it}}}"
    yield f"{pad}elif {it} is not None: {value.becomes('move')}"


def _move(value: Any, where: Where, name: str | int, rescued: Rescued) -> None:
    """Move what does not fit to where it is kept."""
    names = [str(name)]
    while where is not None:
        where, outer = where
        names.append(str(outer))
    path = ".".join(reversed(names))
    while path in rescued:  # a field that is called so
        path += "."
    rescued[path] = value


def _fit(convert: Callable[[Any], Any]) -> Any:
    """Make a function of a conversion that moves what cannot be converted."""

    def fit(value: Any, where: Where, name: str | int, rescued: Rescued) -> Any:
        try:
            return convert(value)
        except (TypeError, ValueError, ArithmeticError):
            return _move(value, where, name, rescued)

    return fit


_LARGEST = 2**63


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    raise TypeError


def _integer(value: Any) -> int:
    if value.__class__ is int and -_LARGEST <= value < _LARGEST:
        return value
    if isinstance(value, bool):
        raise TypeError
    number = int(value)
    if not -_LARGEST <= number < _LARGEST or (
        str(number) != value if isinstance(value, str) else number != value
    ):
        raise ValueError
    return number


_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


def _number(value: Any) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        text, value = value, json.loads(value)
        if Decimal(repr(value)) != Decimal(text):
            raise ValueError
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError
    return value


_BOOLEANS: Mapping[Any, bool] = {"true": True, "false": False, True: True, False: False}


def _boolean(value: Any) -> bool:
    # True == 1 and False == 0 as keys, so the numbers are read as well.
    if isinstance(value, (list, dict)) or value not in _BOOLEANS:
        raise TypeError
    return _BOOLEANS[value]


CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date-time": times.canonical,
    "date": times.canonical_date,
}


NEVER = times.text(times.EPOCH)

# PostgreSQL refuses to index more than 2,704 bytes. A key has three columns of text at most, and a
# character four bytes. Names of attributes and events, which are keys, are shorter at Intercom.
LONGEST_KEY = 200


def _missing(schema: Schema) -> str:
    """Write what a key is where there is none."""
    return repr(NEVER) if "format" in schema else "digest('keyless', record)"


def _shorten(key: str, record: Record, rescued: Rescued) -> None:
    """Make a key of its beginning and a digest; the whole is kept."""
    whole = record[key]
    _move(whole, None, key, rescued)
    record[RESCUED] = rescued
    record[key] = digest(whole[: LONGEST_KEY - len(digest("", whole))], whole)


def digest(kind: str, record: Record | str) -> str:
    """Name a record by its content, so that it arrives, and once."""
    written = json.dumps(record, sort_keys=True, default=str).encode()
    return f"{kind}-{hashlib.sha256(written).hexdigest()[:32]}"
