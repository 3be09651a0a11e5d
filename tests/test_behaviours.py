"""What a correct connector for Intercom does, and that tests show each point of it.

A test carries the number of what it shows: `grep -r test_b17_ tests` finds the seventeenth.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent

BEHAVIOURS = {
    # Access
    1: "A missing permission is named, and never taken for an empty stream.",
    2: "A token that is refused, or a plan that lacks something, is not tried again.",
    3: "Every request names the API version, as text.",
    4: "Every request goes to the region's host, whatever a next page says.",
    5: "A start or a bookmark in the future gives nothing, and a valid state.",
    # The rate limit and what goes wrong
    6: "The limit is spent evenly and not passed, by calls for details neither.",
    7: "A 429 is waited out; what may pass is tried again, so many times.",
    8: "A search that is too much for Intercom is asked for smaller pages.",
    # Searches
    9: "Contacts that are compared by day lose no second of it.",
    10: "Dates are never compared with `>=` or `<=`.",
    11: "A record at a bookmark, or at the edge of a part, arrives.",
    12: "A long history is read in bounded parts, and kept on the way.",
    13: "What changes during a run is found by the next.",
    14: "A search that goes round in circles neither goes on for ever nor ends as if complete.",
    15: "A bookmark does not pass over records of its own second.",
    16: "The lookback reads again, and never moves a bookmark back.",
    17: "A query has at most 15 filters a group, and two levels.",
    18: "A deleted record in a search does not end it.",
    # Companies
    19: "A scroll ends with its empty page, or 404, and gives each company once.",
    20: "Another scroll is waited for, then named; streams of a run share one.",
    21: "A scroll that breaks starts again, so many times, and repeats nothing.",
    22: "More than 10,000 companies arrive; who chooses a list is warned.",
    23: "A scroll is never left idle.",
    # Children
    24: "A conversation that changed comes with all its parts; one at the cap is named.",
    25: "Rows carry their parent's id, of the same type.",
    26: "Parents and children have bookmarks of their own, and lose nothing by each other.",
    27: "A parent that is gone is skipped, with a note.",
    28: "State of other taps is taken over.",
    29: "Segments of companies are told apart by company and segment.",
    # Records
    30: "Whatever the form of a time, it arrives as one in UTC, or null.",
    31: "Unknown fields and values fail nothing.",
    32: "Custom attributes arrive as they are, and none is made up.",
    33: "More than ten tags, companies or notes of a contact arrive, and no call is made in vain.",
    34: "Keys tell records apart: of attributes, tags and teams.",
    35: "Fields that come as text, object, empty object or null are all taken.",
    36: "What was redacted or deleted keeps its id.",
    # Exports
    37: "A pending export is waited for; each way in which one can end is an end.",
    38: "The files of an export are read right, from disk, and removed.",
    39: "Opens and clicks that come late are found.",
    40: "The columns of a report are those that Intercom names.",
    # A run
    41: "Discovery needs no network.",
    42: "A run with nothing new gives at most what lies at the bookmark.",
    43: "A run that is killed at any moment and started again loses nothing.",
}


def test_every_behaviour_has_a_test() -> None:
    shown = {
        int(numbered[1])
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and (numbered := re.match(r"test_b(\d\d)_", node.name))
    }
    assert BEHAVIOURS.keys() == shown
