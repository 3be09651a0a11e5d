# /// script
# requires-python = ">=3.10"
# dependencies = ["pyyaml"]
# ///
"""Renew `tap_intercom/schemas.json` from Intercom's OpenAPI descriptions.

    uv run scripts/schemas.py intercom-2.16.yaml [intercom-preview.yaml …]

Give the description of the newest stable version first: of a component that several of them
describe, the first one's facts are kept, and the others add the fields that it lacks. Only facts
are taken: names, types and formats of the components that the streams reach. No prose.

A fact is written as
    "integer date-time"              a type, and a format where there is one
    "string|integer"                 one of several types
    "object"                         an object of any fields
    "@contact_tags"                  another component
    ["@tag"]                         an array of it
    {"id": "string", …}              an object of these fields
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

Fact = Any
PACKAGE = Path(__file__).parent.parent / "tap_intercom"
SCHEMAS = PACKAGE / "schemas.json"


def fact(node: dict[str, Any], components: dict[str, Any]) -> Fact:
    """Reduce a node of the description to its fact."""
    if "$ref" in node:
        return reference(node["$ref"].rsplit("/", 1)[-1], components)
    if "allOf" in node:
        own = [{"properties": node["properties"]}] if "properties" in node else []
        return merged([*node["allOf"], *own], components)
    alternatives = node.get("oneOf") or node.get("anyOf")
    if alternatives:
        return union([fact(alternative, components) for alternative in alternatives])
    if node.get("type") == "array":
        return [fact(node.get("items", {}), components)]
    if "properties" in node:
        return {name: fact(child, components) for name, child in node["properties"].items()}
    return " ".join([node.get("type", "object"), *([node["format"]] if "format" in node else [])])


def reference(name: str, components: dict[str, Any]) -> Fact:
    """Point to a component that has fields; write out one that has none."""
    reached = fact(components[name], components) if not has_fields(components[name]) else None
    return f"@{name}" if reached is None else reached


def has_fields(node: dict[str, Any]) -> bool:
    """Say whether a component is an object whose fields are described."""
    return "properties" in node or "allOf" in node


def merged(parts: list[dict[str, Any]], components: dict[str, Any]) -> Fact:
    """Put an `allOf` together; one that only wraps a reference is that reference."""
    facts = [fact(part, components) for part in parts]
    if len(facts) == 1:
        return facts[0]
    together: dict[str, Fact] = {}
    for one in facts:
        together |= fact(components[one[1:]], components) if isinstance(one, str) else one
    return together


def union(facts: list[Fact]) -> Fact:
    """Name the types of an alternative; anything but plain types is an object of any fields."""
    if all(isinstance(one, str) and not one.startswith("@") for one in facts):
        return "|".join(dict.fromkeys(facts))
    return "object"


def reached_from(names: list[str], components: dict[str, Any]) -> dict[str, Fact]:
    """Collect the facts of some components and of all that they point to."""
    found: dict[str, Fact] = {}
    waiting = [name for name in names if name in components]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = described(components[name], components)
            waiting += mentioned(found[name])
    return found


def described(node: dict[str, Any], components: dict[str, Any]) -> Fact:
    """Reduce a component; one that is any of several has the fields of all of them."""
    alternatives = node.get("oneOf", [])
    if any("$ref" in alternative for alternative in alternatives):
        names = [alternative["$ref"].rsplit("/", 1)[-1] for alternative in alternatives]
        return merged([components[name] for name in names], components)
    return fact(node, components)


def mentioned(one: Fact) -> list[str]:
    """List the components that a fact points to."""
    if isinstance(one, str):
        return [one[1:]] if one.startswith("@") else []
    children = one if isinstance(one, list) else one.values()
    return [name for child in children for name in mentioned(child)]


def roots() -> list[str]:
    """List the components that the streams, and the corrections, name."""
    sys.path.insert(0, str(PACKAGE.parent))
    from tap_intercom.records.corrections import CORRECTIONS  # noqa: PLC0415  the project need not be installed
    from tap_intercom.streams import STREAMS  # noqa: PLC0415

    return sorted({stream.component for stream in STREAMS} | set(mentioned(dict(CORRECTIONS))))


def main(descriptions: list[str]) -> None:
    """Read the descriptions and write the facts."""
    facts: dict[str, Fact] = {}
    for path in descriptions:
        components = yaml.safe_load(Path(path).read_text("utf-8"))["components"]["schemas"]
        for name, one in reached_from(roots(), components).items():
            facts[name] = {**one, **facts.get(name, {})} if isinstance(one, dict) else one
    SCHEMAS.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", "utf-8")
    print(f"{len(facts)} components in {SCHEMAS.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
