"""Which paths lead to what, and what of it is not declared, or declared otherwise?

A path is written with Intercom's names only: `tags.data[].id`, `custom_attributes.*`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_intercom.likeness import forms, words
from tap_intercom.records.corrections import TEXTS
from tap_intercom.records.fitting import CONVERSIONS
from tap_intercom.records.schema import RESCUED, kind_of

Schema = Mapping[str, Any]
Path = tuple[str, ...]

EACH = "[]"

# Names within it are users', however deep. Within what is not declared, those are Intercom's that
# it uses elsewhere.
OPEN: Schema = {"type": ["null", "object"]}
UNDECLARED: Schema = {"type": ["undeclared"]}
KIND: Schema = {"type": ["null", "string"]}

# An object with more new names than this is no object of new fields: its names are users'.
MOST_NEW = 20
DEEPEST = 20


@dataclass
class Field:
    """What was found at one path, without a value."""

    there: int = 0
    types: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    # What it was where it was not as declared, and how it is declared: "" where it is not at all.
    against: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, value: Any, *, is_kind: bool) -> None:
        """Look at one value."""
        self.there += 1
        self.types[forms.json_type(value)] += 1
        if isinstance(value, list):
            self.lengths[len(value)] += 1
        elif is_kind and (kind := words.kind(value)):
            self.kinds[kind] += 1
        elif form := forms.form(value):
            self.forms[form] += 1

    def merge(self, other: Field) -> None:
        """Add what was found at another path."""
        self.there += other.there
        for name in ("types", "forms", "kinds", "lengths", "against"):
            getattr(self, name).update(getattr(other, name))

    def shown(self) -> dict[str, Any]:
        """What was found, as JSON."""
        shown: dict[str, Any] = {"there": self.there, "types": dict(sorted(self.types.items()))}
        if self.forms:
            shown["forms"] = dict(sorted(self.forms.items()))
        if self.kinds:
            shown["kinds"] = dict(sorted(self.kinds.items()))
        if self.lengths:
            shown["lengths"] = [min(self.lengths), max(self.lengths)]
        if self.against:
            shown["declared"] = " or ".join(sorted({one or "not" for _, one in self.against}))
        return shown


class Fields:
    """All paths of what was looked at."""

    def __init__(self, schema: Schema) -> None:
        """Take how it is declared."""
        self._schema = schema
        self._found: defaultdict[Path, Field] = defaultdict(Field)
        # The new names in each object.
        self._new: defaultdict[Path, set[str]] = defaultdict(set)

    def add(self, record: Mapping[str, Any]) -> None:
        """Look at one object."""
        self._inside((), record, self._schema)

    def _look(self, path: Path, value: Any, schema: Schema, *, is_new: bool = False) -> None:
        found = self._found[path]
        found.add(value, is_kind=path[-1] == "type")
        if is_new:
            found.against[forms.json_type(value), ""] += 1
        if schema is not UNDECLARED and not fits(path[-1], value, schema):
            found.against[forms.json_type(value), said(schema)] += 1
        if len(path) >= DEEPEST:
            return
        if isinstance(value, list):
            inner = within(schema, forms.ARRAY)
            for item in value:
                self._look((*path, EACH), item, inner.get("items", inner))
        elif isinstance(value, dict):
            self._inside(path, value, within(schema, forms.OBJECT))

    def _inside(self, path: Path, record: Mapping[str, Any], schema: Schema) -> None:
        properties = schema.get("properties")
        for name, value in record.items():
            is_made_by_intercom = properties is not None
            if properties is not None and name in properties:
                self._look((*path, name), value, properties[name])
            elif is_made_by_intercom and path and name == "type":
                self._look((*path, name), value, KIND)  # each has one, described or not
            elif is_made_by_intercom and words.is_spelled_like_intercoms(name):
                self._new[path].add(name)
                self._look((*path, name), value, unknown(name), is_new=True)
            elif schema is UNDECLARED and name in words.known():
                self._look((*path, name), value, unknown(name))
            else:
                self._look((*path, words.ANY), value, OPEN, is_new=is_made_by_intercom)

    def shown(self) -> dict[str, Any]:
        """Give all paths, as JSON."""
        return {written(path): found.shown() for path, found in self._merged()}

    def differences(self) -> Iterator[tuple[str, Field]]:
        """Yield the paths that are not declared, or at which something else is declared."""
        return ((written(path), found) for path, found in self._merged() if found.against)

    def _merged(self) -> list[tuple[Path, Field]]:
        """Write names as users' that are too many to be Intercom's."""
        crowds = {path: new for path, new in self._new.items() if len(new) > MOST_NEW}
        merged: defaultdict[Path, Field] = defaultdict(Field)
        for path, found in self._found.items():
            is_crowd = [name in crowds.get(path[:at], ()) for at, name in enumerate(path)]
            # Below such a name, all names are users'.
            first = is_crowd.index(True) if True in is_crowd else len(path)
            rest = (one if one == EACH else words.ANY for one in path[first:])
            merged[path[:first] + tuple(rest)].merge(found)
        return sorted(merged.items())

    def never(self) -> list[str]:
        """Give what is declared, and never came in an object in which it could have."""
        return sorted(map(written, self._missing((), self._schema)))

    def _missing(self, path: Path, schema: Schema) -> Iterator[Path]:
        for name, declared in schema.get("properties", {}).items():
            inner = (*path, name)
            if inner not in self._found and name != RESCUED:
                yield inner
            if inner not in self._found:
                continue
            while kind_of(declared) == forms.ARRAY:
                inner, declared = (*inner, EACH), declared["items"]  # noqa: PLW2901  its items
            if inner in self._found and self._found[inner].types[forms.OBJECT]:
                yield from self._missing(inner, declared)


def around() -> Schema:
    """Say how to look at what is around records: it is as nobody has declared it."""
    properties = {name: unknown(name) for name in words.known()}
    return {"type": ["null", "object"], "properties": properties}


def written(path: Path) -> str:
    """Write a path."""
    return ".".join(path).replace(f".{EACH}", EACH)


def unknown(name: str) -> Schema:
    """Say how to look at what is not declared: by its name, it may hold users' names."""
    return OPEN if name in words.open_ones() else UNDECLARED


def within(schema: Schema, kind: str) -> Schema:
    """Say how to look into an array or an object, which may not be what is declared."""
    if schema is UNDECLARED or kind_of(schema) == kind:
        return schema
    while kind_of(schema) == forms.ARRAY:
        schema = schema["items"]
    is_open: bool = kind_of(schema) == forms.OBJECT and "properties" not in schema
    return OPEN if is_open else UNDECLARED


def said(schema: Schema) -> str:
    """Say how a field is declared."""
    return " ".join(filter(None, [kind_of(schema), schema.get("format")]))


def fits(name: str, value: Any, schema: Schema) -> bool:
    """Say whether the value of a field is, or can be made, what is declared."""
    kind: str = kind_of(schema)
    if value is None or schema is OPEN:
        return True
    if isinstance(value, str) and TEXTS.get(name) in schema.get("properties", ()):
        return True
    if kind in {forms.ARRAY, forms.OBJECT}:
        return forms.json_type(value) == kind
    try:
        CONVERSIONS[schema.get("format", kind)](value)
    except (TypeError, ValueError, ArithmeticError):
        return False
    return True
