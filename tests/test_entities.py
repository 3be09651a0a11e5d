"""The picture of the default streams has all of them, with all that joins them, and can be read."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree as ET

import entities
import pytest
import streams_page

SHOWN = {
    area: [one for one in streams if one.selected_by_default]
    for area, streams in streams_page.areas().items()
}
STREAMS = [stream for streams in SHOWN.values() for stream in streams]
NAMES = {stream.name for stream in STREAMS}
AREAS = entities.laid_out({area: streams for area, streams in SHOWN.items() if streams})
BOXES = {box.name: box for area in AREAS for box in area.boxes}
LANES = entities.lanes(AREAS)


def test_every_default_stream_has_a_box() -> None:
    assert len(BOXES) == len(STREAMS) >= 32
    assert BOXES.keys() == NAMES


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_key_that_joins_another_leads_to_its_lane(stream: entities.Shape) -> None:
    box, found = BOXES[stream.name], 0
    for path, targets in entities.joins(stream).items():
        for table, column in (target.split(".") for target in targets):
            if table in NAMES and column == "id":
                [lane] = [one for one in LANES if one.target.name == table]
                assert any(
                    one is box and abs(line - box.line(path)) < 5 for one, line in lane.taps
                ), path
                found += 1
    assert found == sum(one is box for lane in LANES for one, _ in lane.taps)


def test_what_an_analyst_joins_first_is_there() -> None:
    found = {
        (box.name, path, target)
        for box in BOXES.values()
        for path, targets in box.foreign.items()
        for target in targets
    }
    assert found >= {
        ("conversations", "contacts.contacts.id", "contacts"),
        ("conversations", "admin_assignee_id", "admins"),
        ("conversation_parts", "conversation_id", "conversations"),
        ("conversation_parts", "author.id", "admins"),
        ("conversation_parts", "author.id", "contacts"),
        ("contacts", "companies.data.id", "companies"),
        ("tickets", "ticket_type.id", "ticket_types"),
        ("collections", "parent_id", "collections"),
    }
    assert len(found) > 70


def lines() -> list[tuple[str, float, float, float]]:
    """All lines: of which stream, where, from where to where; those that fall are negative."""
    found = []
    for lane in LANES:
        found.append((lane.target.name, -lane.across, *lane.span))
        for box, line in [*lane.taps, (lane.target, lane.end)]:
            found.append((lane.target.name, line, *sorted((float(box.side), lane.across))))
    return found


def test_no_line_goes_through_a_box() -> None:
    left, right = entities.EDGE + entities.AREA, entities.WIDTH - entities.EDGE - entities.AREA
    assert all(left < lane.across < right for lane in LANES)
    assert all(
        box.side in {left - entities.INSET, right + entities.INSET} for box in BOXES.values()
    )


def test_no_line_lies_on_another() -> None:
    for one, other in combinations(lines(), 2):
        if one[0] != other[0] and abs(one[1] - other[1]) < 1.5:
            assert min(one[3], other[3]) < max(one[2], other[2]), (one, other)


def test_no_box_lies_on_another() -> None:
    for one, other in combinations(BOXES.values(), 2):
        beside = one.on_the_right != other.on_the_right
        assert beside or one.top >= other.top + other.height or other.top >= one.top + one.height


def test_lanes_side_by_side_have_other_colors() -> None:
    colors = {lane.target.name: lane.color for lane in LANES}
    assert len({colors[name] for name in ("admins", "contacts", "tags", "teams", "workspace")}) == 5
    assert all(len(look["lanes"]) == entities.COLORS for look in entities.LOOKS.values())


def test_no_text_runs_into_another() -> None:
    room = entities.BOX - 26
    for box in BOXES.values():
        for row, targets in box.foreign.items():
            beside = len(" or ".join(targets))
            name = entities.shortened(row, room - entities.LETTER * beside)
            assert entities.LETTER * (len(name) + beside) <= room, name
            assert name[0] == row[0]
            assert name.split(".")[-1].lstrip("…") == row.split(".")[-1], name


@pytest.mark.parametrize("look", entities.LOOKS)
def test_the_picture_is_svg_of_that_look(look: str) -> None:
    drawn = streams_page.pictures()[f"docs/entities-{look}.svg"]
    picture = ET.fromstring(drawn)
    texts = {"".join(one.itertext()) for one in picture.findall(".//{*}text")}
    assert texts >= NAMES
    assert picture.get("viewBox", "").startswith("0 0 900 ")
    shown = set(re.findall(r"#[0-9a-f]{6}", drawn))
    assert shown <= {*entities.LOOKS[look]["lanes"], *map(str, entities.LOOKS[look].values())}
