"""Draw which of the default streams joins which: `make docs`.

Each stream is a box with its key and its foreign keys. Between the two columns of boxes each stream
that is joined has a lane of its own: a foreign key leads to that lane, and the lane to the key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from tap_intercom.records import descriptions
from tap_intercom.records.schema import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_intercom.shapes.shape import Shape

    Schema = dict[str, Any]

LOOKS = {
    "light": {
        "ink": "#1f2328", "soft": "#59636e", "box": "#ffffff", "head": "#eaeef2",
        "edge": "#afb8c1", "area": "#f6f8fa", "page": "#ffffff",
        "lanes": (
            "#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989", "#9a6700", "#0a7ea4", "#cf222e",
        ),
    },
    "dark": {
        "ink": "#f0f6fc", "soft": "#9198a1", "box": "#0d1117", "head": "#2a313c",
        "edge": "#3d444d", "area": "#151b23", "page": "#0d1117",
        "lanes": (
            "#58a6ff", "#f0883e", "#56d364", "#bc8cff", "#f778ba", "#e3b341", "#39c5cf", "#ff7b72",
        ),
    },
}  # fmt: skip
COLORS = 8
FONT = "-apple-system, Segoe UI, Helvetica, Arial, sans-serif"
WIDTH, AREA, BOX, EDGE = 900, 316, 300, 4
INSET = (AREA - BOX) // 2
# Of a box: its head, a row, what is below. They and the gaps make whole rows, so that all rows of a
# column lie on one grid.
HEAD, PITCH, FOOT, GAP = 24, 18, 4, 8
TITLE, BELOW = 28, 8
LANE, APART = 13, 9
# How wide a letter is, at most of words.
LETTER = 6.3


# What joins what


def fields(schema: Schema, path: str = "") -> Iterator[str]:
    """Name every field of a schema by its path, through objects and lists."""
    for name, declared in schema.get("properties", {}).items():
        yield f"{path}{name}"
        while kind_of(declared) == "array":
            declared = declared["items"]  # noqa: PLW2901 - a list is opened
        yield from fields(declared, f"{path}{name}.")


def joins(stream: Shape) -> dict[str, tuple[str, ...]]:
    """Give the columns that each foreign key of a stream joins, as `contacts.id`.

    Rows of other streams lie in some, such as a company in a conversation. Of these only the key
    counts: what else they join, they join in their own stream.
    """
    owners = descriptions.owners_of(stream.name, stream.component)
    found = {}
    for path in fields(stream.schema):
        targets = descriptions.joins(path, owners)
        around = [path[:place] for place, letter in enumerate(path) if letter == "."]
        copies = [one for one in around if f"{one}.id" in found or _is_a_row(one)]
        if targets and all(path == f"{one}.id" for one in copies):
            found[path] = targets
    return found


def _is_a_row(path: str) -> bool:
    return path.rpartition(".")[2] in descriptions.INSIDE


def drawn_joins(stream: Shape, among: set[str]) -> dict[str, tuple[str, ...]]:
    """Give the streams that each foreign key leads to, as far as they are drawn.

    A second key to the same row, such as `external_id` beside `id`, is left out.
    """
    found = {}
    for path, targets in joins(stream).items():
        columns = [one.partition(".") for one in targets]
        if streams := tuple(one for one, _, name in columns if one in among and name == "id"):
            found[path] = streams
    return found


def shortened(path: str, room: float) -> str:
    """Write a path without what is in it twice, and what does not fit without its middle."""
    names = path.split(".")
    once = [one for one, after in zip(names, [*names[1:], ""], strict=True) if one != after]
    text, letters = ".".join(once), int(room / LETTER)
    last = len(once[-1]) + 1
    return (
        text if len(text) <= letters else f"{text[: letters - last - 1].rstrip('.')}…{text[-last:]}"
    )


# Where it is drawn


@dataclass
class Box:
    """A stream: its key, its foreign keys, and where it is."""

    name: str
    keys: Sequence[str]
    foreign: Mapping[str, tuple[str, ...]]
    on_the_right: bool = False
    top: int = 0

    @property
    def rows(self) -> list[str]:
        """Name what is shown: the key first."""
        return [*self.keys, *(one for one in self.foreign if one not in self.keys)]

    @property
    def height(self) -> int:
        """How much room it takes."""
        return HEAD + PITCH * len(self.rows) + FOOT

    @property
    def left(self) -> int:
        """Where it begins."""
        return WIDTH - EDGE - INSET - BOX if self.on_the_right else EDGE + INSET

    @property
    def side(self) -> int:
        """Where the lines to its rows end: on the side of the lanes."""
        return self.left if self.on_the_right else self.left + BOX

    def line(self, row: str) -> float:
        """Where a row is."""
        return self.top + HEAD + PITCH * self.rows.index(row) + PITCH / 2


@dataclass
class Area:
    """Streams that belong together."""

    title: str
    boxes: Sequence[Box]
    top: int = 0

    @property
    def height(self) -> int:
        """How much room it takes."""
        return TITLE + sum(box.height + GAP for box in self.boxes)


@dataclass
class Lane:
    """The way to a stream: where foreign keys come in, and where it leads to."""

    target: Box
    color: int = 0
    taps: list[tuple[Box, float]] = field(default_factory=list)
    across: float = 0

    @property
    def end(self) -> float:
        """Where it leads to."""
        return self.target.line(self.target.keys[0])

    @property
    def span(self) -> tuple[float, float]:
        """From where to where it goes."""
        lines = [self.end, *(line for _, line in self.taps)]
        return min(lines), max(lines)

    @property
    def is_of_the_right(self) -> bool:
        """On which side it has most to do."""
        ends = [self.target.on_the_right, *(box.on_the_right for box, _ in self.taps)]
        return 2 * sum(ends) > len(ends)


def laid_out(areas: Mapping[str, Sequence[Shape]]) -> list[Area]:
    """Put areas into two columns, the tallest first, and each where there is more room."""
    among = {stream.name for streams in areas.values() for stream in streams}
    made = [
        Area(title, [Box(one.name, one.primary_keys, drawn_joins(one, among)) for one in streams])
        for title, streams in areas.items()
    ]
    # Half a row lower on the right, so that no two lines lie on each other.
    tops = [EDGE, EDGE + PITCH // 2]
    for area in sorted(made, key=lambda area: -area.height):
        right = tops[1] < tops[0]
        area.top = tops[right]
        top = area.top + TITLE
        for box in area.boxes:
            box.on_the_right, box.top = right, top
            top += box.height + GAP
        tops[right] = top + BELOW
    return made


def lanes(areas: Sequence[Area]) -> list[Lane]:
    """Make a lane to each stream that is joined; short ones lie near their side."""
    boxes = {box.name: box for area in areas for box in area.boxes}
    made: dict[str, Lane] = {}
    for box in boxes.values():
        for row, targets in box.foreign.items():
            for place, target in enumerate(targets):
                lane = made.setdefault(target, Lane(boxes[target]))
                lane.taps.append((box, box.line(row) + 5 * place - 2.5 * (len(targets) - 1)))
    taken: dict[float, list[tuple[float, float]]] = {}
    for lane in sorted(made.values(), key=lambda lane: lane.span[1] - lane.span[0]):
        first, last = lane.span
        start, step = (
            (WIDTH - EDGE - AREA - LANE, -LANE)
            if lane.is_of_the_right
            else (EDGE + AREA + LANE, LANE)
        )
        while any(
            first < other + APART and one - APART < last for one, other in taken.get(start, ())
        ):
            start += step
        taken.setdefault(start, []).append((first, last))
        lane.across = start
    paint(list(made.values()))
    return list(made.values())


def paint(ways: list[Lane]) -> None:
    """Give each lane a colour that those beside it do not have, the busiest first."""
    ways.sort(key=lambda lane: -len(lane.taps))
    for number, lane in enumerate(ways):
        first, last = lane.span
        beside = [one.color for one in ways[:number] if first < one.span[1] and one.span[0] < last]
        lane.color = min(range(COLORS), key=beside.count)


# What is drawn


def picture(areas: Mapping[str, Sequence[Shape]], look: Mapping[str, Any], title: str) -> str:
    """Write the picture as SVG."""
    made = laid_out(areas)
    ways = lanes(made)
    high = max(area.top + area.height for area in made) + EDGE
    colors = {way.target.name: look["lanes"][way.color] for way in ways}
    head = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" role="img"'
    style = f'font-family="{FONT}" font-size="12" fill="{look["ink"]}"'
    lines = [
        f"<svg {head} {style}>",
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{high}" fill="{look["page"]}"/>',
    ]
    for area in made:
        lines += drawn_area(area, look)
    for way in ways:
        lines += drawn_lane(way, colors[way.target.name])
    for area in made:
        for box in area.boxes:
            lines += drawn_box(box, look, colors)
    return "\n".join([*lines, "</svg>\n"])


def drawn_area(area: Area, look: Mapping[str, Any]) -> Iterator[str]:
    """Draw what lies behind the boxes of an area."""
    left = area.boxes[0].left - INSET
    yield f'<rect x="{left}" y="{area.top}" width="{AREA}" height="{area.height}" rx="8"'
    yield f' fill="{look["area"]}"/>'
    yield f'<text x="{left + INSET + 2}" y="{area.top + 19}" font-size="13" font-weight="600"'
    yield f' fill="{look["soft"]}">{escape(area.title)}</text>'


def drawn_lane(lane: Lane, color: str) -> Iterator[str]:
    """Draw a lane, with what comes in and where it ends."""
    first, last = lane.span
    yield f'<g stroke="{color}" fill="none" stroke-width="1.4">'
    yield f'<path d="M{lane.across:g} {first:g}V{last:g}"/>'
    for box, line in lane.taps:
        yield f'<path d="M{box.side} {line:g}H{lane.across:g}"/>'
    end, tip = lane.target.side, 7 if lane.target.on_the_right else -7
    yield f'<path d="M{lane.across:g} {lane.end:g}H{end - tip}"/></g>'
    yield f'<path d="M{end} {lane.end:g}l{-tip - tip // 7} -4v8z" fill="{color}"/>'
    for _, line in lane.taps:
        yield f'<circle cx="{lane.across:g}" cy="{line:g}" r="2.6" fill="{color}"/>'


def drawn_box(box: Box, look: Mapping[str, Any], colors: Mapping[str, str]) -> Iterator[str]:
    """Draw a stream: its name, its key, and its foreign keys with what they join."""
    left, right = box.left, box.left + BOX
    shape = f'x="{left}" y="{box.top}" width="{BOX}"'
    yield f'<rect {shape} height="{box.height}" rx="5" fill="{look["box"]}"'
    yield f' stroke="{look["edge"]}"/>'
    yield f'<path d="M{left + 0.5} {box.top + HEAD - 2}v-{HEAD - 7}q0 -4.5 4.5 -4.5h{BOX - 10}'
    yield f'q4.5 0 4.5 4.5v{HEAD - 7}z" fill="{look["head"]}"/>'
    yield f'<text x="{left + 8}" y="{box.top + 16}" font-weight="600">{escape(box.name)}</text>'
    for row in box.rows:
        line = box.line(row) + 4
        told = " or ".join(box.foreign.get(row, ()))
        name = shortened(row, BOX - 26 - LETTER * len(told))
        weight = ' font-weight="600"' if row in box.keys else ""
        yield f'<text x="{left + 8}" y="{line:g}" font-size="11.5"{weight}>{escape(name)}</text>'
        joined = [
            f'<tspan fill="{colors[one]}">{escape(one)}</tspan>' for one in box.foreign.get(row, ())
        ]
        if joined:
            yield f'<text x="{right - 8}" y="{line:g}" font-size="11.5" text-anchor="end">'
            yield f"{' or '.join(joined)}</text>"
